// Puts prepared HTML on the page, and on every refresh changes only what differs: scroll, focus, selection and opened
// details stay. Links to our own pages are followed without loading the page anew. Holds no judgement and no words
// of its own but one: how long ago the page last heard from the server.

const QUIET_SECONDS = 90

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

function morph(from, to, fresh) {
  if (from.nodeType === 3) {
    if (from.data !== to.data) {
      from.data = to.data
      const watched = from.parentElement.closest("[data-watch]")
      if (watched && !fresh) highlight(watched)
    }
    return
  }
  if (from.nodeType !== 1) return
  attributes(from, to)
  children(from, to, fresh)
}

function children(from, to, fresh) {
  const keyed = new Map(Array.from(from.children).filter(keyOf).map((node) => [keyOf(node), node]))
  let here = from.firstChild
  for (const wanted of Array.from(to.childNodes)) {
    const known = keyOf(wanted) && keyed.get(keyOf(wanted))
    if (known && same(known, wanted)) {
      if (known !== here) from.insertBefore(known, here)
      else here = here.nextSibling
      morph(known, wanted, fresh)
    } else if (here && !keyOf(here) && same(here, wanted)) {
      const next = here.nextSibling
      morph(here, wanted, fresh)
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

function put(root, markup) {
  const wanted = document.createElement("div")
  wanted.innerHTML = markup
  if (!root.hasChildNodes()) root.replaceChildren(...wanted.childNodes)
  else children(root, wanted, false)
}

function ours(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null
  const link = event.target.closest("a[href]")
  if (!link || (link.target && link.target !== "_self") || link.origin !== location.origin || link.hasAttribute("download")) return null
  return link
}

function watchSilence(root) {
  root.heard = Date.now()
  if (root.silence) return
  root.silence = setInterval(() => {
    const minutes = Math.floor((Date.now() - root.heard) / 60000)
    const quiet = Date.now() - root.heard > QUIET_SECONDS * 1000
    root.classList.toggle("unheard", quiet)
    if (quiet) root.dataset.unheard = `No connection. What is shown is ${minutes} min old and may be out of date.`
  }, 5000)
}

// The way Streamlit itself takes back and forward: the address changes, and it asks the server for what stands there.
function follow(link) {
  history.pushState(null, "", link.href)
  dispatchEvent(new PopStateEvent("popstate"))
}

export default function ({ data, parentElement }) {
  let root = parentElement.querySelector(":scope > .mas")
  if (!root) {
    root = document.createElement("div")
    root.className = "mas"
    parentElement.appendChild(root)
  }
  put(root, data.markup)
  if (data.beats) watchSilence(root)
  root.onclick = (event) => {
    const link = ours(event)
    if (!link) return
    event.preventDefault()
    follow(link)
  }
  return () => {
    clearInterval(root.silence)
    root.remove()
  }
}
