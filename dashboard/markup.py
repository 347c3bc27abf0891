"""HTML from the templates in dashboard/templates, with escaping on. Imports no streamlit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard import wording

__all__ = ["STYLE", "Markup", "page"]

HERE: Final = Path(__file__).parent
STYLE: Final = HERE / "static" / "dashboard.css"
TEMPLATES: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["wording"] = wording
TEMPLATES.filters["kept"] = wording.kept


def page(template: str, **said: Any) -> Markup:
    """The template filled in. A name it wants and does not get is an error, not a blank."""
    return Markup(TEMPLATES.get_template(template).render(**said))
