"""
Changed rules beside the active ones. Fibrinogen is called low below 1.5 g/L; the changed rule calls it below 1.7.

The ward (results come an hour after the draw):
  A  1.9, 1.6, 1.4 at 0, 12, 24 h: low from 25 h; changed from 13 h, so 12 h earlier
  B  1.6, 2.5 at 0, 12 h: never low; changed from 1 h to 13 h, so one flag more
  C  3.0 at 0 h: never low
Watched from the first result to a day past the last: A 1 to 49 h, B 1 to 37 h, C 1 to 25 h: 2 + 1.5 + 1 = 4.5 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from monitoring import shadowing
from monitoring.analysis.course import Course
from monitoring.analysis.replay import as_issued
from monitoring.analysis.stays import patient_days, stays, watched
from monitoring.catalog import KNOWLEDGE, load_catalog
from monitoring.shadowing import Shadowed, Stretch, changed_catalog, on_trial, shadowed
from monitoring.terms import Catalog
from monitoring.whole_course import told
from storage import queries
from tests.monitoring.command_line import CommandLine, fresh, logging_as_before
from tests.monitoring.intake_fixture import LABS, Site, site
from tests.spec.drawing import at, catalog, drawn, together

CHANGED = "[fibrinogen_low]\nbelow = 1.7\n"
TWELVE = pd.Timedelta(hours=12)
DRAWN = {0: {"A": 1.9, "B": 1.6, "C": 3.0}, 12: {"A": 1.6, "B": 2.5}, 24: {"A": 1.4}}


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    file = tmp_path_factory.mktemp("rules") / "changed.toml"
    file.write_text(CHANGED, encoding="utf-8")
    return load_catalog(file)


@pytest.fixture(scope="module")  # nothing here writes to it: see test_nothing_is_written
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("ward")) as here:
        for hour, values in DRAWN.items():
            here.now = at(hour + 1) - timedelta(minutes=1)  # a delivery comes a minute later
            rows = [f"{patient},fibrinogen,{value},g/L,{at(hour):%Y-%m-%dT%H:%MZ}" for patient, value in values.items()]
            here.takes("\n".join([LABS, *rows, ""]))
        yield here


def over(hours: float = 100, since: float | None = None) -> Stretch:
    return Stretch(at(since) if since is not None else None, at(hours), 12)


def stored(ward: Site, hours: float = 100) -> Course:
    return told(ward.store, as_of=at(hours))


@pytest.fixture(scope="module")
def compared(ward: Site, changed: Catalog) -> Shadowed:
    """The whole of the ward's story."""
    return shadowed(stored(ward), catalog(), changed, over=over())


def of_flag(done: Shadowed, code: str = "fibrinogen_low") -> dict[str, object]:
    (row,) = done.found.flags[done.found.flags["flag"] == code].to_dict("records")
    return {str(name): value for name, value in row.items()}


def raised(course: Course, rules: Catalog, code: str) -> list[object]:
    stay = stays(course, since=None, until=pd.Timestamp(at(200)))
    found = watched(course, rules, stay=stay, every=TWELVE).raisings
    return found.loc[found["flag"] == code, "raised_at"].tolist()


def test_the_changed_rule_raises_one_more_and_one_twelve_hours_earlier(compared: Shadowed) -> None:
    assert (compared.patients, compared.patient_days) == (3, 4.5)
    row = of_flag(compared)
    assert (row["raised_active"], row["raised_changed"], row["more"], row["fewer"]) == (1, 2, 1, 0)
    assert (row["earlier"], row["earlier_hours"], row["later"], row["patients"]) == (1, 12.0, 0, 2)
    assert row["per_patient_day_active"] == pytest.approx(1 / 4.5)
    assert row["per_patient_day_changed"] == pytest.approx(2 / 4.5)


def test_the_other_way_round_it_is_one_fewer_and_one_later(ward: Site, changed: Catalog) -> None:
    row = of_flag(shadowed(stored(ward), changed, catalog(), over=over()))
    assert (row["more"], row["fewer"], row["earlier"], row["later"], row["later_hours"]) == (0, 1, 0, 1, 12.0)


def test_who_differs_and_when_each_was_raised_is_told(compared: Shadowed) -> None:
    told = compared.found.compared
    low = told[told["flag"] == "fibrinogen_low"].set_index("patient_id")
    assert low["how"].to_dict() == {"A": "earlier", "B": "more"}
    assert (low.loc["A", "active_at"], low.loc["A", "changed_at"]) == (at(25), at(13))
    assert low.loc["B", "changed_at"] == at(1)


def test_the_same_rules_differ_in_nothing(ward: Site) -> None:
    done = shadowed(stored(ward), catalog(), catalog(), over=over())
    assert done.changed == []
    assert set(done.found.compared["how"]) == {"same"}
    assert done.found.verdicts.empty


def test_the_numbers_that_differ_are_named(compared: Shadowed) -> None:
    assert compared.changed == [{"rule": "fibrinogen_low", "parameter": "below", "active": 1.5, "changed": 1.7}]


def test_nothing_is_written(ward: Site, changed: Catalog) -> None:
    before = queries.counts(ward.store)
    shadowed(stored(ward), catalog(), changed, over=over())
    assert queries.counts(ward.store) == before
    assert queries.flag_changes(ward.store, as_of=at(100)).empty


def test_since_leaves_out_what_both_raised_before(ward: Site, changed: Catalog) -> None:
    # from 20 h on: B's is over; A's is raised at 25 h by the active rules and was raised at 13 h by the changed
    done = shadowed(stored(ward), catalog(), changed, over=over(since=20))
    row = of_flag(done)
    assert (row["raised_active"], row["raised_changed"], row["more"], row["earlier"]) == (1, 0, 0, 1)
    # A 20 to 49 h, B 20 to 37 h, C 20 to 25 h
    assert done.patient_days == pytest.approx((29 + 17 + 5) / 24)


def test_what_is_asked_of_an_earlier_moment_knows_nothing_of_a_later_one(ward: Site, changed: Catalog) -> None:
    done = shadowed(stored(ward, 20), catalog(), changed, over=over(20))
    row = of_flag(done)
    assert (row["raised_active"], row["raised_changed"], row["more"]) == (0, 2, 2)
    assert done.patient_days == pytest.approx(3 * 19 / 24)


def test_a_result_counts_from_when_it_was_received_and_not_from_its_issue(changed: Catalog) -> None:
    late = drawn("hour | received | fibrinogen\n0 | 1 | 3.0\n12 | 40 | 1.6")
    assert raised(late, changed, "fibrinogen_low") == [at(40)]
    assert raised(as_issued(late), changed, "fibrinogen_low") == [at(12)]


def test_a_correction_counts_from_when_it_came(changed: Catalog) -> None:
    first = drawn("hour | received | fibrinogen\n0 | 1 | 1.4\n30 | 31 | 2.6")
    again = first.observations.iloc[[0]].assign(value=2.4, value_text="2.4", version=2, received_at=at(14))
    again["received_at"] = again["received_at"].astype(first.observations["received_at"].dtype)
    course = Course(first.patients, pd.concat([first.observations, again]), first.doses, first.findings)
    stay = stays(course, since=None, until=pd.Timestamp(at(200)))
    found = watched(course, changed, stay=stay, every=TWELVE).raisings
    (low,) = found[found["flag"] == "fibrinogen_low"].to_dict("records")
    # judged at 1, 13, 25 h: the correction of 14 h is seen at 25 h, and retracts it as of then
    assert (low["raised_at"], low["ended_at"]) == (at(1), at(25))


def test_silence_is_judged_too(changed: Catalog) -> None:
    # awaited from the first dose, overdue 18 h after it: nothing is received at that time
    course = drawn("hour | given\n0 | methylprednisolone 1000 mg")
    assert raised(course, catalog(), "labs_overdue") == [at(18)]


def test_a_patient_is_watched_until_the_discharge() -> None:
    course = together(
        drawn("hour | ferritin\n0 | 500\n48 | 600", patient="A", discharged_at=at(30)),
        drawn("hour | ferritin\n0 | 500\n48 | 600", patient="B"),
        drawn("hour | ferritin\n48 | 600", patient="C", discharged_at=at(30)),
    )
    stay = stays(course, since=None, until=pd.Timestamp(at(60)))
    assert stay["left_at"].to_dict() == {"A": at(30), "B": at(60)}
    assert patient_days(stay) == (30 + 60) / 24


def test_a_changed_response_tells_the_windows_judged_otherwise(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("[steroid_response]\nmin_markers = 7\n", encoding="utf-8")
    course = drawn(
        """hour | ferritin | platelets | crp | given
             -1 | 7400     | 131       | 230 |
              0 |          |           |     | methylprednisolone 1000 mg
             48 | 21800    | 61        | 262 |
        """
    )
    done = shadowed(course, catalog(), load_catalog(tmp_path / "site.toml"), over=over())
    at_48 = done.found.verdicts[done.found.verdicts["hours"] == 48].to_dict("records")
    expected = {"hours": 48, "active": "not_responding", "changed": "insufficient_data", "windows": 1}
    assert at_48 == [expected]
    assert of_flag(done, "steroid_nonresponse")["fewer"] == 1


@pytest.mark.parametrize(("since", "patients", "days", "more"), [(-100, 3, 4.5, 1), (40, 1, 9 / 24, 0)])
def test_what_the_site_tries_is_counted_over_those_who_were_watched_since(
    ward: Site, tmp_path: Path, since: float, patients: int, days: float, more: int
) -> None:
    """From 40 h on only A is watched, until 49 h; the flag was raised before by either."""
    (tmp_path / "site.toml").write_text(f"{CHANGED}shadow = true\n", encoding="utf-8")
    site_catalog = load_catalog(tmp_path / "site.toml")
    done = on_trial(ward.store, site_catalog, since=at(since), until=at(100)).printed()
    assert (done["patients"], done["patient_days"]) == (patients, round(days, 2))
    assert sum(one["more"] for one in done["flags"]) == more
    assert done["changed"] == [{"rule": "fibrinogen_low", "parameter": "below", "active": 1.5, "changed": 1.7}]


def test_two_runs_side_by_side_say_what_one_after_the_other_says(
    ward: Site, changed: Catalog, compared: Shadowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadowing, "WORTH_A_CORE", 1)
    beside = shadowed(stored(ward), catalog(), changed, over=over())
    pd.testing.assert_frame_equal(beside.found.compared, compared.found.compared)
    assert beside.steps == compared.steps


def test_a_store_without_anything_gives_nothing(tmp_path: Path, changed: Catalog) -> None:
    with site(tmp_path) as here:
        done = shadowed(told(here.store, as_of=at(0)), catalog(), changed, over=over())
    assert (done.patients, done.patient_days, len(done.found.flags)) == (0, 0.0, 0)


def test_a_folder_of_knowledge_is_laid_over_ours(tmp_path: Path) -> None:
    rules = (KNOWLEDGE / "rules.toml").read_text(encoding="utf-8")
    (tmp_path / "rules.toml").write_text(rules.replace("\nbelow = { value = 1.5,", "\nbelow = { value = 1.6,"), "utf-8")
    found = changed_catalog(tmp_path, None)
    assert found.rules["fibrinogen_low"].parameters["below"] == 1.6
    assert found.analytes.keys() == catalog().analytes.keys()


@pytest.fixture
def maswatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    fresh(tmp_path, monkeypatch)
    with logging_as_before():
        line = CommandLine(tmp_path, capsys)
        rows = [f"{p},fibrinogen,{v},g/L,{at(h):%Y-%m-%dT%H:%MZ}" for h, told in DRAWN.items() for p, v in told.items()]
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "labs.csv").write_text("\n".join([LABS, *rows, ""]), encoding="utf-8")
        (tmp_path / "changed.toml").write_text(CHANGED, encoding="utf-8")
        yield line


def test_the_command_runs_on_a_folder_of_recorded_courses(maswatch: CommandLine) -> None:
    told = maswatch.told("shadow", "changed.toml", "--on", "in", "--patients")
    assert list(told) == ["patients", "patient_days", "steps", "changed", "flags", "verdicts", "differing"]
    assert (told["patients"], told["patient_days"]) == (3, 4.5)
    (low,) = [row for row in told["flags"] if row["flag"] == "fibrinogen_low"]
    assert (low["more"], low["earlier"], low["earlier_hours"], low["later_hours"]) == (1, 1, 12.0, None)
    assert [(row["patient_id"], row["how"]) for row in told["differing"]] == [("A", "earlier"), ("B", "more")]


def test_the_command_runs_on_the_store_and_names_nobody_unasked(maswatch: CommandLine) -> None:
    maswatch.told("ingest", "in")
    told = maswatch.told("shadow", "changed.toml", "--as-issued")
    assert (told["patients"], told["patient_days"]) == (3, 4.5)
    assert "differing" not in told
    assert maswatch.told("flags", "--as-of", "2026-03-03T00:00Z") == []


def test_to_read_it_says_what_changed_and_that_the_active_rules_stay(maswatch: CommandLine) -> None:
    done = maswatch.run("shadow", "changed.toml", "--on", "in")
    assert done.code == 0
    assert "Flags raised per patient-day: 0.222 active, 0.444 changed." in done.out
    assert "Nothing was written; the active rules stay as they are until maswatch.toml names changed.toml" in done.err


def test_a_rule_that_the_site_has_in_the_shadow_raises_nothing_and_is_counted(
    maswatch: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No rule runs in the shadow" in maswatch.run("shadow").err
    (maswatch.folder / "site.toml").write_text(f"{CHANGED}shadow = true\n", encoding="utf-8")
    monkeypatch.setenv("MASWATCH_SITE_CATALOG", str(maswatch.folder / "site.toml"))
    maswatch.told("ingest", "in")
    told = maswatch.told("shadow", "--as-issued")
    assert [(row["rule"], row["active"], row["changed"]) for row in told["changed"]] == [("fibrinogen_low", 1.5, 1.7)]
    (low,) = [row for row in told["flags"] if row["flag"] == "fibrinogen_low"]
    assert (low["raised_active"], low["raised_changed"], low["more"]) == (1, 2, 1)
    assert {row["patient_id"] for row in maswatch.told("flags") if row["flag"] == "fibrinogen_low"} == {"A"}
    assert "the site's numbers of fibrinogen_low are tried and raise nothing" in maswatch.run("doctor").out


def test_a_file_that_names_no_rule_is_refused_in_one_sentence(maswatch: CommandLine) -> None:
    (maswatch.folder / "changed.toml").write_text("[fibrinogen_lo]\nbelow = 1.7\n", encoding="utf-8")
    done = maswatch.run("shadow", "changed.toml", "--on", "in")
    assert done.code == 2
    assert "fibrinogen_lo" in done.err
