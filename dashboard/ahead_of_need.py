"""
What the browser may load before it is asked for: the parts of Streamlit's page that our views are drawn with.

Streamlit loads each kind of element when the first one arrives, after the ward has been sent: a round trip, and the
work of reading the script, before anything is seen. Its files carry digests in their names, so they are looked up.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

SHEETS: Final = "BidiComponent"
FIGURES: Final = "PlotlyChart"
_SCRIPTS: Final = Path(st.__file__).parent / "static" / "static" / "js"
_IMPORTED: Final = re.compile(r'(?:\bfrom|\bimport)\s*"\./([^"]+\.js)"')


@cache
def parts(*kinds: str) -> tuple[str, ...]:
    """Addresses of the scripts of these kinds of elements and of all they import; nothing for a kind there is not."""
    wanted = [path.name for kind in kinds for path in sorted(_SCRIPTS.glob(f"{kind}.*.js"))]
    found: dict[str, None] = {}
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = None
            wanted += _IMPORTED.findall((_SCRIPTS / name).read_text(encoding="utf-8"))
    return tuple(f"./static/js/{name}" for name in sorted(found))


def preloads(page: str, *, figure: bool) -> str:
    """Links for the scripts that `page` does not name itself; those of figures at once only where there is a figure."""
    now = [link for link in parts(SHEETS, *([FIGURES] if figure else [])) if link not in page]
    later = [link for link in parts(FIGURES) if link not in page and link not in now]
    told = [f'<link rel="modulepreload" crossorigin href="{link}">' for link in now]
    return "".join(told + [f'<link rel="prefetch" crossorigin href="{link}">' for link in later])
