// Puts prepared HTML on the page, and on every refresh changes only what differs: scroll, focus, selection and opened
// details stay. Links to our own pages are followed without loading the page anew. Holds no judgement and no words
// of its own but one: how long ago the page last heard from the server.

function same(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b)
}

function keyOf(node) {
  return node.nodeType === 1 ? node.getAttribute("data-key") || node.id || "" : ""
}

function attributes(from, to) {
  for (const { name } of Array.from(from.attributes)) {
    if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name)
  }
  for (const { name, value } of Array.from(to.attributes)) {
    if (name !== "open" && from.getAttribute(name) !== value) from.setAttribute(name, value)
  }
}

function morph(from, to) {
  if (from.nodeType === 3) {
    if (from.data !== to.data) {
      from.data = to.data
      const watched = from.parentElement.closest("[data-watch]")
      if (watched) highlight(watched)
    }
    return
  }
  if (from.nodeType !== 1) return
  attributes(from, to)
  if (from.hasAttribute("data-own")) return // what stands in it is the browser's, see answering.js
  if (from.nodeName === "TEMPLATE") {
    if (from.innerHTML !== to.innerHTML) from.innerHTML = to.innerHTML
    return
  }
  children(from, to)
}

function children(from, to) {
  const keyed = new Map(Array.from(from.children).filter(keyOf).map((node) => [keyOf(node), node]))
  let here = from.firstChild
  for (const wanted of Array.from(to.childNodes)) {
    const known = keyOf(wanted) && keyed.get(keyOf(wanted))
    if (known && same(known, wanted)) {
      if (known !== here) from.insertBefore(known, here)
      else here = here.nextSibling
      morph(known, wanted)
    } else if (here && !keyOf(here) && same(here, wanted)) {
      const next = here.nextSibling
      morph(here, wanted)
      here = next
    } else {
      from.insertBefore(wanted, here)
    }
  }
  while (here) {
    const next = here.nextSibling
    here.remove()
    here = next
  }
}

function highlight(node) {
  node.classList.remove("changed")
  void node.offsetWidth
  node.classList.add("changed")
}

function draw(root, markup) {
  const wanted = document.createElement("div")
  wanted.innerHTML = markup
  const rest = restOf(wanted)
  if (rest) return keepRest(rest)
  if (!completed(root, wanted, () => draw(root, markup))) return
  const before = orderOf(root)
  if (root.hasChildNodes()) children(root, wanted)
  else root.replaceChildren(...wanted.childNodes)
  tell(root, before)
}

function tell(root, before) {
  boardly(root, before)
  chooseColours(root)
  tellNews(root)
}

// What the next page is drawn with is loaded while nobody waits for it.
function loadAhead() {
  for (const link of document.querySelectorAll("link[rel=prefetch]")) link.rel = "modulepreload"
}

function ours(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null
  const link = event.target.closest("a[href]")
  if (!link || (link.target && link.target !== "_self") || link.origin !== location.origin || link.hasAttribute("download")) return null
  return link
}

// Streamlit says so in a dialogue over the ward that asks for the internet; ours is said instead (see dashboard.css).
function cutOff() {
  return [...document.querySelectorAll("[data-testid=stDialog]")].some((said) => said.textContent.includes("Connection error"))
}

function watchSilence(root, seconds) {
  root.heard = Date.now()
  root.answers = 0
  root.parentElement.querySelector(":scope > .unheard")?.remove()
  root.silence ??= setInterval(() => {
    const gone = Math.round((Date.now() - root.heard) / 1000)
    if (gone <= seconds && !cutOff() && navigator.onLine) return
    comeBack(root, seconds)
    const age = gone < 120 ? `${gone} s` : `${Math.floor(gone / 60)} min`
    let said = root.parentElement.querySelector(":scope > .unheard")
    if (!said) {
      said = document.createElement("div")
      said.className = "mas unheard"
      said.setAttribute("role", "alert")
      root.parentElement.append(said)
    }
    const where = navigator.onLine ? "" : " This device is offline."
    said.textContent = `No connection. What is shown is ${age} old and may be out of date.${where}`
  }, 1000)
}

// The units that were chosen go along from view to view.
function inTheseUnits(link) {
  const to = new URL(link.href)
  const units = new URLSearchParams(location.search).get("units")
  if (units && !to.searchParams.has("units")) to.searchParams.append("units", units)
  return to.href
}

// The way Streamlit itself takes back and forward: the address changes, and it asks the server for what stands there.
function follow(link) {
  history.pushState(null, "", inTheseUnits(link))
  dispatchEvent(new PopStateEvent("popstate"))
}

// Streamlit's own links between the views would drop them.
function followedInTheseUnits(event) {
  const link = ours(event)
  if (!link?.matches("[data-testid$=NavLink]") || inTheseUnits(link) === link.href) return
  event.preventDefault()
  event.stopPropagation()
  follow(link)
}

if (!window.masUnits) {
  window.masUnits = true
  addEventListener("click", followedInTheseUnits, { capture: true })
}

function drawSheet({ data, parentElement, setTriggerValue }) {
  const markup = markupOf(data, setTriggerValue)
  if (markup === undefined) return undefined
  let root = parentElement.querySelector(":scope > .mas:not(.unheard)")
  if (!root) {
    root = document.createElement("div")
    root.className = "mas"
    parentElement.appendChild(root)
  }
  window.masTheme?.apply()
  if (!window.masAhead) window.masAhead = setTimeout(loadAhead, 3000)
  root.looked = data.looked
  drawKept(root, data, markup)
  askAgain(root, data, setTriggerValue)
  answerable(root, (said) => setTriggerValue("said", said))
  takeable(root)
  if (data.beats) watchSilence(root, data.quiet_seconds)
  root.onclick = (event) => {
    const link = ours(event)
    if (!link) return
    event.preventDefault()
    follow(link)
  }
  return () => {
    root.leave?.()
    clearTimeout(root.again)
    clearInterval(root.silence)
    clearInterval(root.turning)
    parentElement.querySelector(":scope > .unheard")?.remove()
    root.remove()
  }
}
