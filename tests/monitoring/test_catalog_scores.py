"""scores.toml holds the published tables, each number with its source, and loading refuses what cannot be right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.catalog import KNOWLEDGE, load_catalog
from monitoring.errors import CatalogError
from tests.monitoring.broken import refused

BOOK = load_catalog().scores
FILE = "scores.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


def test_the_nine_scores_of_the_interface_are_there() -> None:
    assert list(BOOK.scores) == [
        "hscore", "hlh2004", "hlh2024", "mas2016", "ms", "ferritin_esr", "iec_hs", "isth_dic", "sic",
    ]  # fmt: skip


def test_the_cut_offs_are_the_published_ones() -> None:
    assert {code: (one.cutoff.when, one.cutoff.value) for code, one in BOOK.scores.items()} == {
        "hscore": (">=", 169),
        "hlh2004": (">=", 5),
        "hlh2024": (">=", 5),
        "mas2016": (">=", 2),
        "ms": (">=", -2.1),
        "ferritin_esr": (">=", 21.5),
        "iec_hs": (">=", 2),
        "isth_dic": (">=", 5),
        "sic": (">=", 4),
    }


def test_every_score_has_scope_source_and_items_and_its_doubts_are_tagged() -> None:
    for one in BOOK.scores.values():
        assert one.scope
        assert one.sources()
        assert one.items
    assert BOOK.scores["iec_hs"].source.tag == BOOK.scores["hlh2024"].source.tag == "M"
    assert BOOK.scores["hscore"].chances is not None
    assert BOOK.scores["hscore"].chances.source.tag == "M"


def test_every_carry_forward_limit_says_that_it_is_a_local_default_and_why() -> None:
    for part in BOOK.components.values():
        assert part.source.tag == "local default"
        assert part.why


def test_the_bins_are_those_of_the_paper_at_both_ends() -> None:
    chances = BOOK.scores["hscore"].chances
    assert chances is not None
    assert chances.bins[0] == (90, "<1 %")
    assert chances.bins[-1] == (337, ">99 %")
    assert dict(chances.bins)[170] == "40-54 %"
    assert [highest for highest, _ in chances.bins][:-2] == list(range(90, 250, 10))


def test_a_site_may_carry_values_for_longer(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text("[scores]\nferritin = 48\n", encoding="utf-8")
    ferritin = load_catalog(site).scores.components["ferritin"]
    assert (ferritin.hours, ferritin.source.cite) == (48, ("site",))
    assert load_catalog(site).scores.components["esr"].hours == 48


@pytest.mark.parametrize(
    "text", ["[scores]\nferitin = 48\n", "[scores]\nferritin = 0\n", '[scores]\nferritin = "long"\n']
)
def test_a_site_may_not_carry_what_is_not_there_or_for_no_time(tmp_path: Path, text: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(site)
    assert (caught.value.file, caught.value.entry) == (str(site.resolve()), "scores")


@pytest.mark.parametrize(
    ("old", "new", "entry", "field"),
    [
        ('component = "ast", label = "AST", unit = "U/L", steps = [[">=", 30, 19]]',
         'component = "asst", label = "AST", unit = "U/L", steps = [[">=", 30, 19]]', "scores.hscore.ast", "component"),
        ('unit = "ng/mL", steps = [[">=", 2000', 'unit = "ng/dL", steps = [[">=", 2000', "hscore.ferritin", "unit"),
        ('[[">=", 2000, 35], [">", 6000, 50]]', '[[">=", 6000, 35], [">", 2000, 50]]', "hscore.ferritin", "steps"),
        ('[[">=", 2000, 35], [">", 6000, 50]]', '[[">=", 2000, 35], ["<", 6000, 50]]', "hscore.ferritin", "steps"),
        ('[[">=", 2000, 35], [">", 6000, 50]]', '[[">=", 2000, 50], [">", 6000, 35]]', "hscore.ferritin", "steps"),
        ('[[">=", 2000, 35]', '[["=", 2000, 35]', "scores.hscore.items.ferritin", "steps"),
        ('times = 2.44, cite = ["minoia2019"]', 'times = 2.44, cite = ["minoia"]', "scores.ms.items.cns", "cite"),
        ('contexts = ["sJIA"]', 'contexts = ["JIA"]', "scores.mas2016", "contexts"),
        ('without = ["nk_activity"]', 'without = ["nk"]', "scores.hlh2024", "without"),
        ('items = ["platelets", "inr"]', 'items = ["platelets", "pt"]', "scores.sic", "subtotal"),
        ('finding = "cns"', 'finding = "brain"', "components.cns", "finding"),
        ('analytes = ["esr"], hours = 48', 'analytes = ["esr"], hours = 0', "components.esr", "hours"),
        ('[100, "about 1 %"], [110, "1-3 %"]', '[110, "1-3 %"], [100, "about 1 %"]', "scores.hscore.chances", "bins"),
        ('products = ["methylprednisolone"', 'products = ["metilprednisolone"', "tolerated", "products"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_place(folder: Path, old: str, new: str, entry: str, field: str) -> None:
    error = refused(folder, FILE, old, new)
    assert (error.file, error.field) == (FILE, field)
    assert error.entry.removeprefix("scores.").startswith(entry.removeprefix("scores."))
