"""HLH-2004 and HLH-2024 by hand, with the misprints of pages that are read a lot."""

from __future__ import annotations

import pytest

from tests.spec.scoring import course, labs, score, scored_ahead

ABSENT = dict.fromkeys(("splenomegaly", "haemophagocytosis", "nk_activity_low"), "no")
BLAND = {
    "temperature": 36.8,
    "hemoglobin": 130,
    "platelets": 250,
    "neutrophils": 4,
    "triglycerides": 1.2,
    "fibrinogen": 3.5,
    "ferritin": 300,
    "sil2r_units": 700,
}
CUT_OFFS = [
    ("fever", {"temperature": 38.4}, 0),
    ("fever", {"temperature": 38.5}, 1),
    ("ferritin", {"ferritin": 499}, 0),
    ("ferritin", {"ferritin": 500}, 1),
    ("scd25", {"sil2r_units": 2399}, 0),
    ("scd25", {"sil2r_units": 2400}, 1),
    ("triglycerides_or_fibrinogen", {"triglycerides": 2.99}, 0),
    ("triglycerides_or_fibrinogen", {"triglycerides": 3.0}, 1),
    ("triglycerides_or_fibrinogen", {"fibrinogen": 1.51}, 0),
    ("triglycerides_or_fibrinogen", {"fibrinogen": 1.5}, 1),
    ("triglycerides_or_fibrinogen", {"fibrinogen": 1.5, "triglycerides": 3.0}, 1),
    ("cytopenia", {"hemoglobin": 89, "platelets": 100}, 0),
    ("cytopenia", {"hemoglobin": 90, "platelets": 99}, 0),
    ("cytopenia", {"hemoglobin": 89, "platelets": 99}, 1),
    ("cytopenia", {"hemoglobin": 89, "neutrophils": 1.0}, 0),
    ("cytopenia", {"hemoglobin": 89, "neutrophils": 0.9}, 1),
]


def met(item: str, score_name: str = "hlh2004", **values: object) -> int:
    return score(score_name, labs(**BLAND | values), findings=ABSENT)["points"][item]


@pytest.fixture(scope="module", autouse=True)
def _all_in_one_go() -> None:
    scored_ahead(course(labs(**BLAND | values), findings=ABSENT) for _, values, _ in CUT_OFFS)


def test_eight_of_eight_and_none() -> None:
    values = BLAND | {"temperature": 38.5, "hemoglobin": 89, "platelets": 99, "neutrophils": 0.9, "triglycerides": 3.0}
    all_met = labs(**values | {"fibrinogen": 1.5, "ferritin": 500, "sil2r_units": 2400})
    told = score("hlh2004", all_met, findings=dict.fromkeys(ABSENT, "yes"))
    assert (told["low"], told["high"], told["positive"]) == (8, 8, True)
    told = score("hlh2004", labs(**BLAND), findings=ABSENT)
    assert (told["low"], told["high"], told["positive"], told["missing"]) == (0, 0, False, [])


def test_five_of_eight_is_positive_and_four_is_not() -> None:
    four = BLAND | {"temperature": 39, "ferritin": 20_000, "sil2r_units": 9000, "triglycerides": 4}
    assert score("hlh2004", labs(**four), findings=ABSENT)["positive"] is False
    told = score("hlh2004", labs(**four), findings=ABSENT | {"splenomegaly": "yes"})
    assert (told["low"], told["positive"]) == (5, True)


def test_hlh_2024_leaves_the_nk_activity_out_and_wants_five_of_seven() -> None:
    four = BLAND | {"temperature": 39, "ferritin": 20_000, "sil2r_units": 9000, "triglycerides": 4}
    seen = ABSENT | {"nk_activity_low": "yes"}
    assert score("hlh2004", labs(**four), findings=seen)["positive"] is True
    told = score("hlh2024", labs(**four), findings=seen)
    assert (told["low"], told["high"], told["positive"]) == (4, 4, False)
    assert "nk_activity" not in told["points"]
    assert len(told["points"]) == 7


@pytest.mark.parametrize(("item", "values", "points"), CUT_OFFS)
def test_each_cut_off_stands_where_the_protocol_has_it(item: str, values: dict[str, float], points: int) -> None:
    assert met(item, **values) == points
    assert met(item, "hlh2024", **values) == points


def test_misprint_neutrophils_below_100_per_microlitre() -> None:
    """MSD Manual; the criterion is 1,000 per microlitre: 500 is met."""
    told = score("hlh2004", labs(platelets=50, hemoglobin=120), reported="neutrophils 500 /uL")
    assert told["points"]["cytopenia"] == 1


def test_misprint_triglycerides_above_177_mg_dl() -> None:
    """MSD Manual, "[2.0 mmol/L]"; the criterion is 265 mg/dL or 3.0 mmol/L."""
    item = "triglycerides_or_fibrinogen"
    assert met(item, triglycerides=2.0) == 0
    for number, points in ((178, 0), (264, 0), (265, 1)):
        told = score("hlh2004", labs(fibrinogen=3), reported=f"triglycerides {number} mg/dL")
        assert told["points"][item] == points


def test_misprint_ferritin_1123_5_ng_ml() -> None:
    """MSD Manual; 1,123.5 is 500 in pmol/L."""
    assert met("ferritin", ferritin=600) == 1
    assert score("hlh2004", reported="ferritin 1123.5 pmol/L")["points"]["ferritin"] == 1
    assert score("hlh2004", reported="ferritin 1123.0 pmol/L")["points"]["ferritin"] == 0


def test_misprint_ferritin_500_mg_per_litre() -> None:
    """JITC table; 500 micrograms per litre are 0.5 mg/L."""
    assert score("hlh2004", reported="ferritin 0.5 mg/L")["points"]["ferritin"] == 1
    assert score("hlh2004", reported="ferritin 0.49 mg/L")["points"]["ferritin"] == 0


def test_misprint_fibrinogen_15_mg_dl() -> None:
    """thebloodproject.com; 1.5 g/L are 150 mg/dL."""
    told = score("hlh2004", labs(triglycerides=1), reported="fibrinogen 150 mg/dL")
    assert told["points"]["triglycerides_or_fibrinogen"] == 1
    told = score("hlh2004", labs(triglycerides=1), reported="fibrinogen 151 mg/dL")
    assert told["points"]["triglycerides_or_fibrinogen"] == 0


@pytest.mark.parametrize(
    ("birth_date", "weight", "points"),
    [
        ("2026-02-03", 3.4, 1),  # 27 days old
        ("2026-02-02", 3.4, 0),  # 28 days: four weeks
        ("2014-01-01", 40, 0),
        ("", 70, 0),  # nobody of 70 kg is a newborn
        ("", 3.4, None),
        ("", None, None),
    ],
)
def test_a_newborns_haemoglobin_counts_below_100(birth_date: str, weight: float | None, points: int | None) -> None:
    told = score("hlh2004", labs(hemoglobin=95, platelets=80, neutrophils=4), birth_date=birth_date, weight=weight)
    assert told["points"]["cytopenia"] == points
    assert ("birth_date" in told["missing"]) == (points is None)


def test_without_a_birth_date_a_haemoglobin_that_decides_either_way_still_does() -> None:
    for hemoglobin, points in ((89, 1), (100, 0)):
        told = score("hlh2004", labs(hemoglobin=hemoglobin, platelets=80, neutrophils=4), weight=None)
        assert told["points"]["cytopenia"] == points


def test_sil2r_in_pg_per_ml_is_never_taken_for_units() -> None:
    told = score("hlh2004", labs(sil2r_mass=9000))
    assert told["points"]["scd25"] is None
    assert told["reasons"]["sil2r"] == "reported in pg/mL; no factor to U/mL holds"


def test_one_met_of_two_closes_triglycerides_or_fibrinogen() -> None:
    told = score("hlh2004", labs(fibrinogen=1.1))
    assert told["points"]["triglycerides_or_fibrinogen"] == 1
    assert "triglycerides" not in told["missing"]
    told = score("hlh2004", labs(fibrinogen=3.1))
    assert told["points"]["triglycerides_or_fibrinogen"] is None
    assert "triglycerides" in told["missing"]
    assert "fibrinogen" not in told["missing"]


def test_what_is_never_examined_gives_an_interval() -> None:
    # met: fever, ferritin, cytopenia, fibrinogen; not met: spleen; open: marrow, NK, sCD25
    values = {"temperature": 39, "ferritin": 9000, "hemoglobin": 70, "platelets": 30, "neutrophils": 3, "fibrinogen": 1}
    told = score("hlh2004", labs(**values), findings={"splenomegaly": "no"})
    assert (told["low"], told["high"], told["positive"]) == (4, 7, None)
    assert told["missing"] == ["haemophagocytosis", "nk_activity_low", "sil2r"]


def test_that_it_is_for_familial_hlh_is_said_and_not_hidden() -> None:
    assert "Made for primary-HLH, not for sJIA." in score("hlh2004", context="sJIA")["scope"]
    assert "Made for primary-HLH; context not recorded." in score("hlh2024", context="")["scope"]
    assert "Made for" not in score("hlh2024", context="primary-HLH", birth_date="2020-01-01")["scope"]
    assert "under 16 years; this patient is 46 years old" in score("hlh2024", birth_date="1980-01-01")["scope"]
