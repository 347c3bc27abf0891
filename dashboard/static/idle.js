// In the page before anything is drawn, for whoever signed in: a page that nobody touches empties itself and signs out.
// Every page of this browser counts a touch of any of them. The server keeps its own count and does not rely on this.
(() => {
  const told = document.querySelector("meta[name=maswatch-idle]")
  if (!told) return
  const IDLE = Number(told.content) * 1000
  const WARN = Math.min(60000, IDLE / 2)
  const TELL = Math.min(30000, IDLE / 4)
  const KEPT = "maswatch.touched"
  const SEEN = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]
  let here = Date.now(), toldAt = 0, locked = false

  function last() {
    try {
      return Math.max(here, Number(localStorage.getItem(KEPT)) || 0)
    } catch {
      return here
    }
  }

  function touched() {
    if (locked) return
    const now = Date.now()
    if (now - last() >= IDLE) return lock()
    here = now
    warned(0)
    if (now - toldAt < TELL) return
    toldAt = now
    try {
      localStorage.setItem(KEPT, String(now))
    } catch {
      // then this page counts for itself
    }
    fetch("/touched", { method: "POST", cache: "no-store" }).then((answer) => answer.status === 401 && lock(), () => {})
  }

  // Emptied first: whatever the network does, nobody reads on.
  function lock() {
    locked = true
    document.documentElement.replaceChildren(document.createElement("body"))
    window.stop()
    location.replace("/locked")
  }

  function warned(seconds) {
    let said = document.querySelector(".idle-warning")
    if (!seconds) return said?.remove()
    if (!said) {
      said = document.createElement("div")
      said.className = "mas idle-warning"
      said.setAttribute("role", "alert")
      document.body.append(said)
      said.textContent = "Nobody has touched this page for a while: it closes itself soon. Move the pointer or press a key to stay."
    }
  }

  function look() {
    if (locked) return
    const left = IDLE - (Date.now() - last())
    if (left <= 0) return lock()
    warned(left <= WARN ? Math.ceil(left / 1000) : 0)
  }

  for (const name of SEEN) addEventListener(name, touched, { capture: true, passive: true })
  document.addEventListener("visibilitychange", look)
  addEventListener("pageshow", (event) => event.persisted && location.reload())
  setInterval(look, Math.min(1000, IDLE / 10))
  touched()
})()
