"""How long pages take to draw and how often one fails, counted in this process for /metrics. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from prometheus_client import Counter, Histogram

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# In no registry of the library's own: /metrics is put together anew each time it is asked for.
SECONDS: Final = Histogram("maswatch_page_seconds", "Time to draw a page", ["page"], registry=None, buckets=BUCKETS)
FAILURES: Final = Counter("maswatch_page_failures", "Pages that could not be drawn", ["page"], registry=None)


def timed(page: str, draw: Callable[..., Any]) -> Callable[..., Any]:
    """`draw`, each run counted under the page's name, those that Streamlit breaks off for a newer one too."""

    FAILURES.labels(page)  # there at 0 from the first look on: a rise from nothing would be no rise

    @wraps(draw)
    def timing(*args: Any, **options: Any) -> Any:
        with SECONDS.labels(page).time():
            return draw(*args, **options)

    return timing


def failed(page: str) -> None:
    FAILURES.labels(page).inc()
