// The ward in the browser: what narrows it goes into the address, keys go from row to row, rows that moved say so, and
// the wall turns its pages and keeps the screen awake. Which row comes first is the server's business alone.

const TYPED_MS = 250
const MOVED_MS = 90 * 1000
const PAGE_MS = 12 * 1000
const GAP = 6

// --- what narrows the ward ---

function narrowed(form) {
  clearTimeout(form.typing) // told now; a moment later it would undo what was chosen meanwhile
  const asked = new URLSearchParams()
  for (const [name, told] of new FormData(form)) if (told.trim()) asked.set(name, told.trim())
  const query = asked.toString()
  const address = query ? `/?${query}` : "/"
  if (address === location.pathname + location.search) return
  history[form.narrowedOnce ? "replaceState" : "pushState"](null, "", address)
  form.narrowedOnce = true
  dispatchEvent(new PopStateEvent("popstate"))
}

function narrows(root) {
  const form = root.querySelector("form[data-narrows]")
  if (!form) return
  if (!form.heard) {
    form.heard = true
    form.addEventListener("submit", (event) => (event.preventDefault(), narrowed(form)))
    form.addEventListener("change", () => narrowed(form))
    form.addEventListener("input", () => {
      clearTimeout(form.typing)
      form.typing = setTimeout(() => narrowed(form), TYPED_MS)
    })
    form.addEventListener("focusout", () => (form.narrowedOnce = false))
  }
  // What stands in the fields is the address's, unless somebody is typing there now.
  for (const field of form.querySelectorAll("input[type=search], select")) {
    if (field === document.activeElement) continue
    const told = field.matches("select")
      ? field.querySelector("option[selected]")?.value || ""
      : field.getAttribute("value") || ""
    if (field.value !== told) field.value = told
  }
}

function emptied(field) {
  if (field.value) {
    field.value = ""
    narrowed(field.form)
  } else {
    field.blur()
  }
}

// --- keys ---

const DOWN = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }

function boardKey(event) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return
  const find = document.querySelector(".mas #find")
  if (!find) return
  if (event.key === "Escape" && event.target === find) return emptied(find)
  if (event.target.closest?.(WRITES) || keysOff()) return
  if (event.key === "/") {
    event.preventDefault()
    find.focus()
    find.select()
  } else if (event.key === "Escape" && find.value) {
    emptied(find)
  } else if (DOWN[event.key] && !event.shiftKey) {
    toRow(event)
  }
}

function toRow(event) {
  const links = Array.from(document.querySelectorAll(".mas .board tbody a.whole"))
  if (!links.length) return
  const here = links.indexOf(document.activeElement?.closest?.(".board tbody tr")?.querySelector("a.whole"))
  const next = here < 0 ? 0 : Math.min(Math.max(here + DOWN[event.key], 0), links.length - 1)
  event.preventDefault()
  links[next].focus({ preventScroll: true })
  links[next].closest("tr").scrollIntoView({ block: "nearest" })
}

// --- rows that moved ---

function orderOf(root) {
  const board = root.querySelector(".board[data-order]")
  return board && { asked: board.dataset.order, rows: [...board.querySelectorAll("tbody tr")].map((row) => row.dataset.key) }
}

// Those outside the longest run that kept its order: when one goes to the top, the others did not move.
function movedSince(before, after) {
  const was = new Map(before.map((key, place) => [key, place]))
  const rows = after.filter((key) => was.has(key))
  const best = rows.map(() => ({ length: 1, from: -1 }))
  rows.forEach((key, at) => {
    for (let earlier = 0; earlier < at; earlier++) {
      if (was.get(rows[earlier]) < was.get(key) && best[earlier].length >= best[at].length) {
        best[at] = { length: best[earlier].length + 1, from: earlier }
      }
    }
  })
  const kept = new Set()
  let at = best.reduce((top, one, place) => (one.length > (best[top]?.length ?? 0) ? place : top), -1)
  for (; at >= 0; at = best[at].from) kept.add(rows[at])
  const stood = before.filter((key) => rows.includes(key))
  return rows.filter((key) => !kept.has(key)).map((key) => [key, rows.indexOf(key) < stood.indexOf(key) ? "▲ moved up" : "▼ moved down"])
}

function tellMoved(root, before) {
  const after = orderOf(root)
  root.moved ??= new Map()
  if (!before || !after || before.asked !== after.asked) root.moved.clear()
  else if (before.rows.join("\n") !== after.rows.join("\n")) {
    for (const [key, words] of movedSince(before.rows, after.rows)) root.moved.set(key, { words, at: Date.now() })
  }
  if (!after) return
  for (const row of root.querySelectorAll(".board[data-order] tbody tr")) {
    const told = root.moved.get(row.dataset.key)
    const fresh = told && Date.now() - told.at < MOVED_MS
    const place = row.querySelector(".moved")
    if (place && place.textContent !== (fresh ? told.words : "")) place.textContent = fresh ? told.words : ""
  }
}

// --- the wall ---

function pagesOf(view) {
  const rows = [...view.querySelectorAll("tbody tr")]
  const room = view.clientHeight - view.querySelector("thead").offsetHeight - 2 * GAP
  const ends = rows.map((row) => row.getBoundingClientRect())
  const starts = []
  for (const [at, end] of ends.entries()) {
    if (!starts.length || end.bottom - ends[starts.at(-1)].top > room) starts.push(at)
  }
  return { starts, rows }
}

function showPage(root) {
  const view = root.querySelector(".wall-view")
  const words = root.querySelector(".wall-page")
  if (!view) return
  view.style.height = `${Math.max(innerHeight - view.getBoundingClientRect().top - GAP, 200)}px`
  const { starts, rows } = pagesOf(view)
  root.page = (root.page ?? 0) % starts.length
  const first = rows[starts[root.page]]
  const end = starts[root.page + 1] ?? rows.length
  rows.forEach((row, at) => (row.style.visibility = at < starts[root.page] || at >= end ? "hidden" : ""))
  view.scrollTop += first.getBoundingClientRect().top - view.querySelector("thead").getBoundingClientRect().bottom - GAP
  const told = starts.length > 1 ? `${root.page + 1}/${starts.length}` : ""
  if (words.textContent !== told) words.textContent = told
}

function wall(root) {
  const here = root.querySelector(".wall")
  if (!here) {
    clearInterval(root.turning)
    root.turning = null
    return
  }
  showPage(root)
  window.onresize = () => root.isConnected && showPage(root)
  root.turning ??= setInterval(() => {
    root.page = (root.page ?? 0) + 1
    showPage(root)
  }, PAGE_MS)
  stayAwake()
}

async function stayAwake() {
  if (window.masAwake || !navigator.wakeLock || document.visibilityState !== "visible") return
  try {
    window.masAwake = await navigator.wakeLock.request("screen")
    window.masAwake.addEventListener("release", () => (window.masAwake = null))
  } catch {
    window.masAwake = null // the machine may forbid it; its own settings then keep the screen on
  }
}

function letSleep() {
  if (window.masAwake && !document.querySelector(".mas .wall")) window.masAwake.release()
}

// --- once a page ---

function boardly(root, before) {
  narrows(root)
  tellMoved(root, before)
  wall(root)
  letSleep()
}

if (!window.masBoard) {
  window.masBoard = true
  addEventListener("keydown", boardKey)
}
