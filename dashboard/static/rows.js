// A long board comes in two parts: what is on the first screens, drawn at once, and the rows below, which follow. Each
// part names the reading it is of; on a refresh nothing is changed until both are there, so no row ever goes missing.

function restOf(wanted) {
  return wanted.querySelector(":scope > table[data-rest]")
}

function keepRest(table) {
  window.masRest = { part: table.dataset.rest, rows: [...table.rows] }
  drawAwaited()
}

// The first part is painted before the second is worked on.
function drawAwaited() {
  const waiting = window.masAwaits
  if (waiting?.part !== window.masRest?.part) return
  window.masAwaits = null
  setTimeout(() => waiting.root.isConnected && waiting.go(), 30)
}

// Whether `wanted` may be drawn now: it is whole, or it is the first that is ever drawn here.
function completed(root, wanted, redraw) {
  const part = wanted.querySelector(".board[data-part]")?.dataset.part
  const first = part && !root.hasChildNodes()
  if (part && !first && window.masRest?.part !== part) {
    window.masAwaits = { part, root, go: redraw }
    return false
  }
  if (part && !first) appendRest(wanted)
  root.cutShort = first
  if (!first) return true
  window.masAwaits = { part, root, go: () => complete(root) }
  setTimeout(() => window.masRest && drawAwaited())
  return true
}

function complete(root) {
  if (!root.cutShort) return
  root.cutShort = false
  appendRest(root)
  tell(root, null)
}

function appendRest(place) {
  place.querySelector(".board tbody").append(...window.masRest.rows.map((row) => row.cloneNode(true)))
  place.querySelector(".board tfoot")?.remove()
}
