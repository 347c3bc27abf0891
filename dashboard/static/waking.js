// A page that nobody tells anything to: it asks whether the server is there, and is loaded anew when the server has
// answered for a while and still says nothing of the ward. Never while somebody is typing, and never into an error page.

const ASKED_TIMES = 10 // in as long as a page may be silent
const ENOUGH_ANSWERS = 4
const PATIENCE_MS = 5000
const FRESH_MS = 6 * 3600 * 1000 // a wall screen runs for months: now and then it starts clean

async function serverAnswers() {
  try {
    return (await fetch("/_stcore/health", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })).ok
  } catch {
    return false
  }
}

async function comeBack(root, seconds) {
  if (Date.now() - (root.askedAt ?? 0) < (seconds * 1000) / ASKED_TIMES) return
  root.askedAt = Date.now()
  root.answers = (await serverAnswers()) ? (root.answers ?? 0) + 1 : 0
  if (root.answers >= ENOUGH_ANSWERS && !document.activeElement?.closest?.(WRITES)) location.reload()
}

async function startClean() {
  if (document.querySelector(".mas .wall") && (await serverAnswers())) location.reload()
}

function chooseColours(root) {
  const list = root.querySelector("select[data-themes]")
  if (!list || !window.masTheme) return
  if (list !== document.activeElement) list.value = window.masTheme.kept()
  list.onchange = () => window.masTheme.choose(list.value)
}

if (!window.masWaking) {
  window.masWaking = true
  setInterval(startClean, FRESH_MS)
}
