// In the page before anything is drawn: which colours, and a word when nothing ever is. ?theme= asks for one in this
// link alone; what was chosen in the strip is kept in this browser; else the system's wish counts. A wall is dark.
(() => {
  const NAMES = ["light", "dark", "contrast"]
  const KEPT = "maswatch.theme"
  const PATHS = ["/", "/inbox", "/patient", "/rounds", "/feed", "/research", "/people"]
  const likes = (query) => matchMedia(query).matches

  function kept() {
    try {
      const name = localStorage.getItem(KEPT)
      return NAMES.includes(name) ? name : ""
    } catch {
      return ""
    }
  }

  function system() {
    if (likes("(prefers-contrast: more)")) return "contrast"
    return likes("(prefers-color-scheme: dark)") ? "dark" : "light"
  }

  function now() {
    const asked = new URLSearchParams(location.search)
    if (NAMES.includes(asked.get("theme"))) return asked.get("theme")
    return asked.get("kiosk") === "1" ? "dark" : kept() || system()
  }

  // Streamlit's own fields and tables read theirs from here, one for each path.
  function tellStreamlit() {
    const base = (NAMES.includes(new URLSearchParams(location.search).get("theme")) ? now() : kept() || system()) === "dark" ? "Dark" : "Light"
    try {
      for (const path of PATHS) localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(base))
    } catch {
      // a browser that keeps nothing has them light
    }
  }

  function apply() {
    const name = now()
    if (document.documentElement.dataset.theme !== name) document.documentElement.dataset.theme = name
    for (const sheet of document.querySelectorAll("style[data-figure]")) {
      const media = sheet.dataset.figure === name ? "screen" : "not all"
      if (sheet.media !== media) sheet.media = media
    }
  }

  function choose(name) {
    try {
      NAMES.includes(name) ? localStorage.setItem(KEPT, name) : localStorage.removeItem(KEPT)
    } catch {
      // then it holds for this page
    }
    const address = new URL(location.href)
    address.searchParams.delete("theme")
    tellStreamlit()
    history.replaceState(null, "", address)
    location.reload()
  }

  function neverDrawn() {
    if (document.querySelector(".mas")) return
    const said = document.createElement("div")
    said.className = "mas unheard"
    said.setAttribute("role", "alert")
    said.textContent = "No connection. Nothing is shown yet; this page goes on trying."
    document.body.append(said)
    setInterval(() => fetch("/_stcore/health", { cache: "no-store" }).then((answer) => answer.ok && location.reload(), () => {}), 15000)
  }

  window.masTheme = { apply, choose, kept }
  apply()
  tellStreamlit()
  addEventListener("popstate", apply)
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) matchMedia(query).addEventListener("change", apply)
  setTimeout(neverDrawn, 45000)
})()
