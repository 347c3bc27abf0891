// What is new in this browser: flags raised or worsened since it first looked here, until they were opened in it.
// A server cannot know what was seen. What was opened is kept in this browser alone, as digests without a name.

const MEMORY = "maswatch.seen"
const KEPT_MS = 30 * 24 * 3600 * 1000

function remembered(now) {
  let memory = null
  try {
    memory = JSON.parse(localStorage.getItem(MEMORY))
  } catch {
    memory = null
  }
  return memory && memory.since ? memory : { since: now, seen: {} }
}

function remember(memory) {
  const old = Date.now() - KEPT_MS
  memory.since = Math.max(memory.since, old)
  for (const [key, at] of Object.entries(memory.seen)) if (at < old) delete memory.seen[key]
  try {
    localStorage.setItem(MEMORY, JSON.stringify(memory))
  } catch {
    // a browser that keeps nothing marks nothing twice
  }
}

function changesOf(node) {
  return (node.getAttribute("data-change") || "").split(" ").filter(Boolean)
}

function isNew(change, memory) {
  const [key, at] = change.split("@")
  return Number(at) > memory.since && !(key in memory.seen)
}

// Marks what is new. On a patient's own page everything shown counts as seen from then on; the mark stays until it is left.
function tellNews(root) {
  const sheet = root.querySelector("[data-looked]")
  if (!sheet) return
  const memory = remembered(root.looked || Number(sheet.dataset.looked))
  root.news ??= new Set()
  let any = false
  for (const node of root.querySelectorAll("[data-change]")) {
    const news = changesOf(node).filter((change) => root.news.has(change) || isNew(change, memory))
    node.toggleAttribute("data-new", news.length > 0)
    any ||= news.length > 0
    if (sheet.hasAttribute("data-opens-all") && document.visibilityState === "visible") see(news, root, memory)
  }
  for (const button of root.querySelectorAll("[data-see-all]")) button.hidden = !any
  tellWhatsNew(root, memory)
  remember(memory)
}

// One line for the board: in which beds something is new, and how long ago somebody last looked with this browser.
function tellWhatsNew(root, memory) {
  const place = root.querySelector("[data-whats-new]")
  window.masLastLook ??= memory.last || 0
  if (document.visibilityState === "visible") memory.last = Date.now()
  if (!place) return
  const rows = [...root.querySelectorAll(".board tbody tr")].filter((row) => row.querySelector("[data-new]"))
  const beds = rows.map((row) => row.querySelector(".name").textContent.trim())
  const looked = window.masLastLook ? `you last looked ${ago(Date.now() - window.masLastLook)} ago` : "this browser looks here for the first time"
  const words = beds.length
    ? `New or worse, not opened here yet: ${beds.length === 1 ? "bed" : "beds"} ${beds.join(", ")} (${looked}).`
    : `Nothing new to you on this board (${looked}).`
  if (place.textContent !== words) place.textContent = words
  place.toggleAttribute("data-some", beds.length > 0)
}

function ago(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 72 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`
}

function see(changes, root, memory = remembered(Date.now())) {
  for (const change of changes) {
    root.news?.add(change)
    memory.seen[change.split("@")[0]] = Date.now()
  }
  remember(memory)
}

function seeIn(node, root) {
  see([...node.querySelectorAll("[data-change][data-new]")].flatMap(changesOf), root)
}

function seeAll(root) {
  seeIn(root, root)
  root.news = new Set()
  tellNews(root)
}
