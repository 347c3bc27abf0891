// A file is asked for by the word that stands in the button when it is pressed, beside the line that the page is drawn
// through: a page that is being drawn anew meanwhile takes nothing from it. What becomes of it is said beside the button.

const BEING_MADE = "Being made …"
const NO_ANSWER = "The server did not answer, so nothing was taken. Press again."
const SIGNED_OUT = "You are signed out, so nothing was taken. Load the page anew to sign in."
const SHOWN_BEFORE = ", of what was shown before"
const SAID_MS = 15000

function takeable(root) {
  for (const button of root.querySelectorAll("[data-take]")) {
    button.setAttribute("aria-disabled", String(Boolean(button.making))) // a refresh writes the button anew
    button.onclick = () => take(button, button.parentElement.querySelector(".taken"))
    sayOfWhat(button)
  }
}

async function take(button, place) {
  if (button.making) return
  making(button, true)
  button.took = button.dataset.take
  button.saved = ""
  tellOfTaking(place, BEING_MADE)
  try {
    const answer = await fetch("/take", { method: "POST", cache: "no-store", headers: { "X-Maswatch-Take": button.took } })
    if (answer.ok) button.saved = await save(answer)
    else tellOfTaking(place, await whyNot(answer), true)
  } catch {
    tellOfTaking(place, NO_ANSWER, true)
  }
  making(button, false)
  sayOfWhat(button)
}

function sayOfWhat(button) {
  const before = button.took === button.dataset.take ? "" : SHOWN_BEFORE
  if (button.saved) tellOfTaking(button.parentElement.querySelector(".taken"), `${button.saved} saved${before}`)
}

function making(button, so) {
  button.making = so
  button.setAttribute("aria-disabled", String(so))
}

async function save(answer) {
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))[1]
  const link = document.createElement("a")
  link.href = URL.createObjectURL(await answer.blob())
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  return name
}

async function whyNot(answer) {
  if (answer.status === 401) return SIGNED_OUT
  return answer.headers.get("Content-Type")?.startsWith("text/plain") ? answer.text() : NO_ANSWER
}

// A place that is gone, since the page shows something else by now, is stood in for by the foot of the page.
function tellOfTaking(place, words, failed = false) {
  if (place.textContent === words) return // to say it again would be read aloud again
  const said = document.createElement("span")
  said.textContent = words
  if (failed) said.className = "failed"
  if (place.isConnected || !failed) place.replaceChildren(said)
  else tellBelow(words)
}

function tellBelow(words) {
  const around = document.createElement("div")
  around.className = "mas"
  around.innerHTML = '<p class="behind" role="alert"></p>'
  around.firstChild.textContent = words
  document.body.append(around)
  setTimeout(() => around.remove(), SAID_MS)
}
