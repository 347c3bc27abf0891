// What each sheet was last drawn from. While nothing changes, the server only names it; when the page does not have what
// is named, because it was cut off meanwhile, it says so and is sent all of it.

function markupOf(data, say) {
  window.masSheets ??= new Map()
  if ("markup" in data) window.masSheets.set(data.sheet, { is: data.is, markup: data.markup })
  const kept = window.masSheets.get(data.sheet)
  if (kept?.is === data.is) return kept.markup
  setTimeout(() => say("lost", Date.now()))
  return undefined
}

// The same as is drawn already: only what hangs on the time is said anew. A sheet that is spoken on is drawn again, so
// that nothing of what was being said stays half done.
function drawKept(root, data, markup) {
  if (root.drawn === data.is && !data.answers) return tell(root, orderOf(root))
  root.drawn = data.is
  draw(root, markup)
}

// A page that shows an earlier reading asks again soon.
function askAgain(root, data, say) {
  clearTimeout(root.again)
  if (data.again) root.again = setTimeout(() => say("again", Date.now()), data.again * 1000)
}
