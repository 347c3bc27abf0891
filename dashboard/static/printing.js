// A figure is drawn for the screen it stands on; on paper it is made smaller, or its right edge, where now is, would be cut.

const PAPER_PX = 700 // A4 or Letter, upright, less the margins

function sizeFigures(share) {
  for (const figure of document.querySelectorAll(".js-plotly-plot")) figure.closest("[data-testid=stElementContainer]").style.zoom = share(figure)
}

if (!window.masPrinting) {
  window.masPrinting = true
  addEventListener("beforeprint", () => sizeFigures((figure) => String(Math.min(1, PAPER_PX / figure.offsetWidth))))
  addEventListener("afterprint", () => sizeFigures(() => ""))
}
