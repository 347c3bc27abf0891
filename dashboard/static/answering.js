// What a person says on a sheet: a form opened beside a flag, a button that takes something back, single keys.
// A form speaks of the flag as it stood when it was opened; the server refuses it when the flag has changed since.

const KEYS = { a: "acknowledge", z: "snooze", c: "comment", g: "assign" }
const KEYS_OFF = "maswatch.keys-off"
const NAME = "maswatch.name" // of who acts in this tab; the server forgets it when the page is loaded anew

function answerable(root, say) {
  root.say = say
  showOpened(root)
  const box = root.querySelector("[data-keys-switch]")
  if (box) box.checked = !keysOff()
  if (root.leave) return
  root.addEventListener("click", (event) => clicked(event, root))
  root.addEventListener("submit", (event) => submitted(event, root))
  root.addEventListener("change", (event) => event.target.matches("[data-keys-switch]") && keepKeys(event.target.checked))
  root.addEventListener("focusin", (event) => focused(event, root))
  const pressed = (event) => onKey(event, root)
  document.addEventListener("keydown", pressed)
  root.leave = () => document.removeEventListener("keydown", pressed)
}

function clicked(event, root) {
  const button = event.target.closest("button")
  if (!button || button.type === "submit") return
  if (button.matches("[data-see-all]")) return seeAll(root)
  if (button.matches("[data-closes]")) return close(button.closest("[data-act]"), root)
  const act = button.closest("[data-act]")
  if (!act) return
  if (button.dataset.opens) return open(act, button.dataset.opens, root)
  if (!button.dataset.does) return
  const told = { ...aboutOf(act), ...button.dataset, say: button.dataset.does }
  if (told.say === "forget_name") keepName("")
  if (act.dataset.by) root.say(told)
  else open(act, "undo", root, told)
}

function aboutOf(act) {
  return { patient: act.dataset.patient, flag: act.dataset.flag, seq: act.dataset.seq }
}

// Opening what is open closes it.
function open(act, what, root, told) {
  const place = act.querySelector(".form-place")
  const form = root.querySelector(`template[data-form=${what}]`)?.content.querySelector("form")
  if (!place || !form) return
  if (place.shows === what) return close(act, root)
  for (const other of root.querySelectorAll(".form-place")) shut(other)
  const copy = form.cloneNode(true)
  copy.told = told || { ...aboutOf(act), say: what }
  const hours = copy.querySelector("select[name=hours]")
  if (hours) hours.replaceChildren(...act.dataset.hours.split(" ").map((value) => new Option(`${value} h`, value)))
  for (const name of copy.querySelectorAll("input[name=by]")) name.value = keptName()
  place.replaceChildren(copy)
  place.shows = what
  seeIn(act, root)
  showOpened(root)
  copy.querySelector("input, select, button")?.focus()
}

function shut(place) {
  place.replaceChildren()
  place.shows = ""
}

function close(act, root) {
  const place = act?.querySelector(".form-place")
  if (!place) return
  const opener = act.querySelector(`[data-opens="${place.shows}"]`)
  shut(place)
  showOpened(root)
  if (act.matches("[data-entry]")) act.focus()
  else opener?.focus()
}

function submitted(event, root) {
  event.preventDefault()
  const form = event.target
  if (!form.told) return
  const written = Object.fromEntries(new FormData(form))
  if (written.by) keepName(written.by)
  root.say({ ...form.told, ...written })
  close(form.closest("[data-act]"), root)
}

// A refresh writes the buttons anew; which form is open is known here alone.
function showOpened(root) {
  for (const place of root.querySelectorAll(".form-place")) {
    for (const button of place.closest("[data-act]").querySelectorAll("[data-opens]")) {
      button.setAttribute("aria-expanded", String(button.dataset.opens === place.shows))
    }
  }
}

function focused(event, root) {
  const entry = event.target.closest("[data-entry]")
  if (!entry) return
  root.at = entry.dataset.key
  seeIn(entry, root)
}

function keptName() {
  try {
    return sessionStorage.getItem(NAME) || ""
  } catch {
    return ""
  }
}

function keepName(name) {
  try {
    sessionStorage.setItem(NAME, name)
  } catch {
    // then it is typed again
  }
}

function keysOff() {
  try {
    return localStorage.getItem(KEYS_OFF) === "1"
  } catch {
    return false
  }
}

function keepKeys(on) {
  try {
    if (on) localStorage.removeItem(KEYS_OFF)
    else localStorage.setItem(KEYS_OFF, "1")
  } catch {
    // then they stay on
  }
}

function onKey(event, root) {
  if (!root.querySelector("[data-inbox]") || event.metaKey || event.ctrlKey || event.altKey) return
  const act = event.target.closest?.("[data-act]")
  if (event.key === "Escape" && act?.querySelector(".form-place")?.shows) return close(act, root)
  if (keysOff() || event.target.closest?.("input, select, textarea, [contenteditable=true]")) return
  if (pressed(event, root)) event.preventDefault()
}

function pressed(event, root) {
  const key = event.key
  if (key === "j" || key === "ArrowDown") return move(root, 1)
  if (key === "k" || key === "ArrowUp") return move(root, -1)
  if (key === "?") return showKeys(root)
  const entry = event.target.closest?.("[data-entry]")
  if (key === "Enter" && event.target === entry) return follow(entry.querySelector("a.open")) ?? true
  if (!KEYS[key] || !entry || !entry.querySelector(`[data-opens=${KEYS[key]}]`)) return false
  open(entry, KEYS[key], root)
  return true
}

function move(root, step) {
  const all = [...root.querySelectorAll("[data-entry]")]
  if (!all.length) return false
  const here = all.findIndex((entry) => entry.dataset.key === root.at)
  const next = all[here < 0 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1)]
  next.focus()
  return true
}

function showKeys(root) {
  const keys = root.querySelector(".keys")
  keys.open = !keys.open
  return true
}
