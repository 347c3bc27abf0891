// Arrow keys through the rounds: up and down along the list, right into a sheet, left and right from sheet to sheet,
// Escape back to the list. Never while a person types, and never with a modifier, which belongs to the browser.

const WRITES = "input, textarea, select, [contenteditable=true], [role=listbox], [role=slider], [role=combobox]"
const TURNS = { ArrowLeft: "prev", ArrowRight: "next", Escape: "up" }

function stepThroughList(list, event) {
  const links = Array.from(list.querySelectorAll("a[data-step]"))
  const here = links.indexOf(document.activeElement)
  if (event.key === "ArrowRight" && here >= 0) return links[here]
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!way || !links.length) return null
  const last = links.findIndex((link) => link.dataset.step === window.masLastSheet)
  const from = here >= 0 ? here + way : Math.max(last, 0)
  links[Math.min(Math.max(from, 0), links.length - 1)].focus()
  event.preventDefault()
  return null
}

function stepped(event) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (event.target.closest?.(WRITES)) return
  const list = document.querySelector(".mas [data-steps=list]")
  const sheet = document.querySelector(".mas [data-steps=sheet]")
  if (sheet) window.masLastSheet = sheet.dataset.key
  const rel = sheet && TURNS[event.key]
  const link = rel ? sheet.querySelector(`a[rel=${rel}]`) : list && stepThroughList(list, event)
  if (!link) return
  event.preventDefault()
  follow(link)
}

if (!window.masSteps) {
  window.masSteps = true
  addEventListener("keydown", stepped)
}
