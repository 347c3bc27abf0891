"""Knowledge files with one fault made in them, and what loading says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.errors import CatalogError


def refused(folder: Path, file: str, old: str, new: str) -> CatalogError:
    """What loading says once the first `old` of a file is replaced by `new`."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return said(folder)


def appended(folder: Path, file: str, text: str) -> CatalogError:
    with (folder / file).open("a", encoding="utf-8") as out:
        out.write(text)
    return said(folder)


def said(folder: Path) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder=folder)
    return caught.value
