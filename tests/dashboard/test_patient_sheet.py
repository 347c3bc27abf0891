from __future__ import annotations

import re
from dataclasses import replace

from dashboard.patient_sheet import Sheet, choice_html, neighbours, patient_html, sheet
from tests.dashboard.catalog_fixture import catalog
from tests.dashboard.ward_fixture import ZONE, bed, nobody, ward


def of(number: str) -> Sheet:
    return sheet(bed(number), catalog(), zone=ZONE)


def test_the_head_says_who_what_verdict_and_how_fresh() -> None:
    told = of("7")
    assert (told.about, told.weight, told.verdict) == ("M, 34 y · AOSD · day 5", "71 kg", "Not responding at 48 h")
    assert (told.newest, told.due) == ("newest labs 2 h old", "next due Sun 00:12 CET")


def test_a_weight_nobody_knows_is_said_as_unknown() -> None:
    side = replace(bed("7"), patient={**bed("7").patient, "weight_kg": float("nan")})
    assert sheet(side, catalog(), zone=ZONE).weight == "weight unknown"


def test_a_weight_that_was_measured_is_told_as_doses_are_reckoned_with_it() -> None:
    measured = {**bed("7").trends["ferritin"], "analyte": "weight", "value": 68.5, "comparator": ""}
    side = replace(bed("7"), trends={**bed("7").trends, "weight": measured})
    assert sheet(side, catalog(), zone=ZONE).weight == "68.5 kg"


def test_the_dose_stands_beside_the_range_it_is_above() -> None:
    (given,) = of("7").given
    assert given.words == "methylprednisolone 1 g"
    assert [(one.stands, one.words, one.tone) for one in given.ranges] == [("above", "1–2 mg/kg/day", "watch")]


def test_options_have_the_dose_for_this_body_a_caution_and_their_source() -> None:
    anakinra, _, emapalumab = of("7").options
    assert [(one.words, one.own) for one in anakinra.ranges] == [("2–10 mg/kg/day", "142–710 mg/day")]
    assert [source.key for source in anakinra.ranges[0].sources] == ["S1", "S2"]
    assert anakinra.caution.startswith("Halve the dose")
    assert (emapalumab.ranges, [source.key for source in emapalumab.sources]) == ((), ["henter2007"])


def test_the_founding_documents_ranges_come_first_and_alike_ones_are_one() -> None:
    def dose(tag: str, text: str) -> dict[str, object]:
        return {"range": text, "schedule": "", "for_patient": "", "source": [tag], "tag": tag}

    doses = [
        dose("V", "100 mg/day"),
        dose("S1", "2–7 mg/kg/day"),
        dose("S2", "2–7 mg/kg/day"),
        dose("S1", "8 mg/kg/day"),
    ]
    window = {**bed("7").responses[0]["windows"][1]}
    window["options"] = [{**window["options"][0], "doses": doses}]
    response = {**bed("7").responses[0], "windows": [window]}
    (option,) = sheet(replace(bed("7"), responses=(response,)), catalog(), zone=ZONE).options
    assert [(one.words, [source.key for source in one.sources]) for one in option.ranges] == [
        ("2–7 mg/kg/day", ["S1", "S2"])
    ]
    assert [one.words for one in option.others] == ["100 mg/day", "8 mg/kg/day"]


def test_without_a_response_table_the_newest_values_stand_in_its_place() -> None:
    assert of("7").readouts == ()
    assert [(one.label, one.number, one.age) for one in of("14").readouts][:2] == [
        ("Ferritin", "3,150", "4 h"), ("Fibrinogen", "3.30", "4 h"),
    ]  # fmt: skip


def test_a_steroid_without_a_recorded_dose_is_not_no_steroid() -> None:
    side = bed("14")
    steroid = {**bed("7").spans[0], "given": "methylprednisolone", "amount_text": ""}
    told = sheet(replace(side, spans=(steroid,)), catalog(), zone=ZONE)
    assert (told.verdict, told.tone) == ("Steroid dose not recorded", "watch")
    assert (of("14").verdict, of("14").tone) == ("No high-dose steroid", "quiet")


def test_what_is_missing_stands_first_with_its_age_and_since_when_it_is_due() -> None:
    late = of("9").missing[0]  # drawn 19 h ago, due every 12 h: since 07:12, at 14:12 CET
    assert (late.lead, late.tone) == ("Late", "watch")
    assert late.text == "Ferritin, fibrinogen, platelets: none for 19 h, due since 07:12 CET"


def test_what_was_given_is_told_with_each_time_the_newest_first() -> None:
    steroid, concentrate = of("7").given_when  # 1 g 50, 26 and 2 h, 4 g 40 h before Sat 14:12 CET
    assert (steroid.label, steroid.amount, steroid.how) == ("Methylprednisolone", "1 g", "3 times")
    assert steroid.when == "Thu 19 Nov 12:12 CET to Sat 21 Nov 12:12 CET"
    assert steroid.times == ("Sat 21 Nov 12:12 CET", "Fri 20 Nov 12:12 CET", "Thu 19 Nov 12:12 CET")
    assert (concentrate.amount, concentrate.how, concentrate.when) == ("4 g", "", "Thu 19 Nov 22:12 CET")
    assert concentrate.product


def test_while_it_is_too_early_the_page_says_when_the_first_verdict_is_due_and_brackets_what_is_there() -> None:
    table = of("3").table  # steroids 22 h ago: the 24 h window opens its verdict at 16:12 CET
    assert table is not None
    assert (table.verdict, table.first_due) == ("Too early to say", "first verdict due 16:12 CET")


def test_neighbours_follow_the_beds() -> None:
    assert neighbours(ward(), "P-0007")["before"]["title"] == "Bed 5"
    assert neighbours(ward(), "P-0007")["after"]["href"] == "/patient?patient=P-0009"
    assert neighbours(ward(), "P-0002")["before"] is None
    assert neighbours(ward(), "P-0014")["after"] is None


def test_every_patient_can_be_drawn_as_a_page() -> None:
    for side in ward().sides:
        text = str(patient_html(side, catalog(), neighbours(ward(), side.id), zone=ZONE))
        assert side.title in text
        assert not re.search(r"\bNaT\b|\bnan\b|>None<", text.replace("<b>None</b>", ""))


def test_what_a_feed_calls_things_is_never_markup() -> None:
    rows = tuple({**row, "sentence": "<script>alert(1)</script>"} for row in bed("7").flags)
    side = replace(bed("7"), flags=rows)
    assert "<script>" not in str(patient_html(side, catalog(), {"before": None, "after": None}, zone=ZONE))


def test_everybody_is_offered_to_choose_from_and_nobody_is_said() -> None:
    assert str(choice_html(ward())).count('class="pill"') == 8
    assert "No patients yet" in str(choice_html(nobody()))


def test_a_patient_of_whom_nothing_came_does_not_look_like_one_of_whom_all_is_known() -> None:
    text = str(patient_html(bed("2"), catalog(), {"before": None, "after": None}, zone=ZONE))
    assert "No recent labs, and no rule waits for any." in text
    assert "No dose and no product is known here." in text
    assert "No treatment line" in text
    assert "Nothing is awaited." not in text
