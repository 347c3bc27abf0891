"""A change of method, specimen or laboratory breaks a series and says so; unit families never meet at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.analysis.assessment import Assessment, assess
from monitoring.analysis.explain import explained
from monitoring.catalog import load_catalog
from monitoring.errors import CatalogError
from monitoring.state import state
from monitoring.terms import Catalog
from tests.monitoring.intake_fixture import LABS, site
from tests.spec.drawing import at, drawn, flag, flags_of, judged
from tests.spec.living import lived, story

CHANGED = "method_changed"


def test_a_change_of_method_is_said_with_both_names() -> None:
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 | CLIA | 3000"
    row = flag(judged(course, as_of=12), CHANGED)
    assert (row["severity"], row["state"]) == ("info", "active")
    assert row["sentence"] == "Ferritin: method changed from ECLIA to CLIA"
    assert (row["began_at"], row["raised_at"]) == (at(12), at(12))


def test_a_change_of_specimen_breaks_the_series_too() -> None:
    course = "hour | specimen | ferritin\n0 | serum | 1000\n12 | plasma | 3000"
    assessment = judged(course, as_of=12)
    assert flag(assessment, CHANGED)["sentence"] == "Ferritin: specimen changed from serum to plasma"
    assert "ferritin_rising" not in flags_of(assessment)


@pytest.mark.parametrize("column", ["method", "specimen"])
def test_a_value_that_nobody_named_breaks_nothing(column: str) -> None:
    course = f"hour | {column} | ferritin\n0 | serum | 1000\n12 |  | 1010\n24 | serum | 3000"
    assessment = judged(course, as_of=24)
    assert CHANGED not in flags_of(assessment)
    assert "ferritin_rising" in flags_of(assessment)


def test_an_unnamed_value_between_hides_no_change() -> None:
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 |  | 1010\n24 | CLIA | 3000"
    assert CHANGED in flags_of(judged(course, as_of=24))


def test_it_clears_with_the_third_value_of_the_new_method_and_not_by_time() -> None:
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 | CLIA | 900\n24 | CLIA | 910\n36 | CLIA | 905"
    assert CHANGED in flags_of(judged(course, as_of=35))
    row = flag(judged(course, as_of=36), CHANGED)
    assert (row["state"], row["cleared_at"]) == ("cleared", at(36))
    assert CHANGED in flags_of(judged("hour | method | ferritin\n0 | ECLIA | 1000\n12 | CLIA | 900", as_of=900))


def test_a_line_is_drawn_again_within_the_new_method() -> None:
    course = "hour | method | ferritin\n0 | ECLIA | 1000\n12 | CLIA | 1000\n24 | CLIA | 2000"
    assert "ferritin_rising" in flags_of(judged(course, as_of=24))


def test_several_series_that_break_together_are_one_flag() -> None:
    course = "hour | method | ferritin | crp | ldh\n0 | one | 1000 | 20 | 300\n12 | two | 900 | 30 | 310"
    row = flag(judged(course, as_of=12), CHANGED)
    assert row["sentence"] == "LDH and 2 more: method one to two"
    values = [(entry["analyte"], entry["value"], entry["named"]) for entry in row["evidence"] if "analyte" in entry]
    assert values == [
        ("crp", 20.0, "method one"), ("crp", 30.0, "method two"), ("ferritin", 1000.0, "method one"),
        ("ferritin", 900.0, "method two"), ("ldh", 300.0, "method one"), ("ldh", 310.0, "method two"),
    ]  # fmt: skip
    assert row["evidence"][-1]["value"] == 3.0


def test_it_holds_until_the_last_of_them_has_its_values() -> None:
    course = """
        hour | method | ferritin | crp
           0 | one    | 1000     | 20
          12 | two    | 900      | 30
          24 | two    | 900      | 30
          36 | two    | 900      |
    """
    row = flag(judged(course, as_of=40), CHANGED)
    assert row["state"] == "active"
    assert row["sentence"] == "CRP: method changed from one to two"


def test_it_is_known_no_earlier_than_the_value() -> None:
    course = "hour | received | method | ferritin\n0 | 1 | ECLIA | 1000\n12 | 15 | CLIA | 900"
    assert CHANGED not in flags_of(judged(course, as_of="14:59"))
    assert flag(judged(course, as_of=15), CHANGED)["raised_at"] == at(15)


def test_it_is_retracted_when_the_value_is_withdrawn() -> None:
    course = drawn(
        """
        hour | received | version | status           | method | ferritin
           0 |        1 |       1 | final            | ECLIA  | 1000
          12 |       13 |       1 | final            | CLIA   | 900
          12 |       20 |       2 | entered-in-error | CLIA   | 900
        """
    )
    assert story(lived(course, 14, 21), CHANGED) == ["raised", "retracted"]


def in_laboratories(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalog(path)


TWO_SOURCES = "hour | source | ferritin\n0 | lis | 1000\n12 | send-outs | 3000"


def of_site(catalog: Catalog) -> Assessment:
    return assess(drawn(TWO_SOURCES), catalog, as_of=at(12))


def test_two_laboratories_that_the_site_names_are_not_joined(tmp_path: Path) -> None:
    catalog = in_laboratories(tmp_path, '[laboratories]\nsend-outs = "Reference laboratory"\n')
    assessment = of_site(catalog)
    assert "ferritin_rising" not in flags_of(assessment)
    row = explained(assessment.flags[assessment.flags["flag"] == CHANGED], assessment, catalog).iloc[0]
    assert row["sentence"] == "Ferritin: laboratory changed from house laboratory to Reference laboratory"


def test_sources_that_the_site_does_not_name_share_one_laboratory(tmp_path: Path) -> None:
    assert CHANGED not in flags_of(judged(TWO_SOURCES, as_of=12))
    same = in_laboratories(tmp_path, '[laboratories]\nlis = "Central"\nsend-outs = "Central"\n')
    assert CHANGED not in flags_of(of_site(same))


def test_a_laboratory_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="laboratories"):
        in_laboratories(tmp_path, "[laboratories]\nlis = 3\n")


def test_unit_families_of_one_name_never_meet(tmp_path: Path) -> None:
    """sIL-2R in U/mL and pg/mL, D-dimer in FEU and DDU: told apart on the way in, and never on one line."""
    rows = [
        "P,sIL-2R,500,U/mL,2026-01-30T06:00:00+01:00", "P,sIL-2R,9000,pg/mL,2026-01-31T06:00:00+01:00",
        "P,D-dimer,400,ng/mL FEU,2026-01-30T06:00:00+01:00", "P,D-dimer,4000,ng/mL DDU,2026-01-31T06:00:00+01:00",
    ]  # fmt: skip
    with site(tmp_path) as ward:
        assert ward.takes("\n".join([LABS, *rows]))["new"] == 4
        said = state(ward.store, ward.catalog, as_of=ward.now)
    trends = said.assessment.trends.set_index("analyte")
    assert set(trends.index) == {"sil2r_units", "sil2r_mass", "d_dimer_feu", "d_dimer_ddu"}
    assert set(trends["n"]) == {1}
    assert set(trends["direction"]) == {"unknown"}
    assert set(said.flags["flag"]) == set()
