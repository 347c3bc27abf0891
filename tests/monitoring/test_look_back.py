"""
How far back a judgement looks: reading no further than it looks gives the very same flags as reading everything,
whatever was corrected, moved, withdrawn or joined meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, case, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dashboard.cut_out import ward as bedside_ward
from dashboard.rounds_sheet import scores_of
from monitoring.analysis.administrations import SIZES
from monitoring.analysis.assessment import as_known, judge
from monitoring.analysis.lookback import asked_of, heard, reach
from monitoring.analysis.recording import news_of
from monitoring.analysis.written import moment
from monitoring.flag_news import flag_news
from monitoring.intake import read_paths, take_in
from monitoring.recent_course import told_recently
from monitoring.settings import Settings
from monitoring.simulate import simulate
from monitoring.state import judge_and_record, recent_state, state
from monitoring.whole_course import told
from storage import merges, queries
from storage.engine import Store, open_store
from storage.tables import METADATA
from storage.tables import SIZES as SIZED_ROWS
from tests.spec.drawing import catalog
from tests.stores import copied

CATALOG = catalog()
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS, PATIENTS = 62, 4
LAB, DOSE, FINDING, PATIENT = (METADATA.tables[name] for name in ("observation", "dose", "finding", "patient"))
CHANGE = METADATA.tables["flag_change"]
INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
ISSUED = case((LAB.c.resulted_at > LAB.c.collected_at, LAB.c.resulted_at), else_=LAB.c.collected_at)
KNOWN = {
    LAB: ISSUED,
    DOSE: DOSE.c.started_at,
    FINDING: FINDING.c.observed_at,
    PATIENT: datetime(1970, 1, 1, tzinfo=UTC),
}


@pytest.fixture(scope="module")
def long_stays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two months, in which everything was known when it was issued."""
    folder = tmp_path_factory.mktemp("long")
    simulate(folder / "drawn", patients=PATIENTS, days=DAYS, seed=7, start=START)
    site = Settings.model_validate({"data_dir": folder})
    with closing(open_store(f"sqlite:///{folder}/ward.db")) as store:
        now = START + (DAYS + 1) * DAY
        take_in(store, CATALOG, site, read_paths([folder / "drawn"]), source="s", run_id="r", now=now)
        with store.writing() as connection:
            for table, known in KNOWN.items():
                connection.execute(update(table).values(received_at=known))
    return folder / "ward.db"


@pytest.fixture
def ward(long_stays: Path, tmp_path: Path) -> Iterator[Store]:
    with _copied(long_stays, tmp_path) as store:
        yield store


def _copied(long_stays: Path, folder: Path) -> closing[Store]:
    return closing(open_store(f"sqlite:///{copied(long_stays, folder / 'ward.db')}"))


def judged_both_ways(store: Store, at: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is new of the flags after reading everything, and what a cycle at this moment writes down."""
    now, everything = moment(at), told(store, as_of=at)
    said = judge(as_known(everything, CATALOG, as_of=now), CATALOG, as_of=now)
    stored, joined = queries.last_flag_changes(store, as_of=at), merges.merged(store, as_of=at)
    whole = flag_news(stored, everything, said, CATALOG, merged=joined, run_id="r")
    judge_and_record(store, CATALOG, as_of=at, run_id="r")
    written = queries.flag_changes(store, as_of=at)
    key = ["patient_id", "flag", "seq"]
    both = (whole, written[written["recorded_at"].eq(pd.Timestamp(at))])
    return tuple(frame.sort_values(key, ignore_index=True) for frame in both)  # type: ignore[return-value]


def correct(store: Store, patient: str, place: int, *, days: int, status: str) -> None:
    """Another version of one of the patient's values: withdrawn, or of another day and half as high, told a day on."""
    with store.writing() as connection:
        first = select(LAB).where(LAB.c.patient_id == patient, LAB.c.version == 1).order_by(*LAB.primary_key.columns)
        row = connection.execute(first.limit(1).offset(place)).mappings().first()
        if row is None:
            return
        drawn = row["collected_at"] + days * DAY
        changed = {
            "version": 2, "collected_at": drawn, "value": row["value"] / 2, "status": status,
            "received_at": max(row["received_at"], drawn) + DAY, "digest": row["digest"] + 1,
        }  # fmt: skip
        insert = INSERTS[connection.dialect.name](LAB).values({**row, **changed})
        connection.execute(insert.on_conflict_do_nothing())


def tell_again(store: Store, told: Table, *, later: timedelta) -> None:
    """Everything of one kind once more, by another source that has its own names for it."""
    with store.writing() as connection:
        rows = [dict(row) for row in connection.execute(select(told)).mappings()]
        for row in rows:
            row |= {"source": "other", "ref": row["ref"] ^ 1 << 40, "received_at": row["received_at"] + later}
        connection.execute(insert(told), rows)


@pytest.mark.parametrize("later", [timedelta(0), DAY])
def test_doses_and_findings_that_two_sources_tell_change_no_flag(
    long_stays: Path, tmp_path: Path, later: timedelta
) -> None:
    (tmp_path / "twice").mkdir()
    with _copied(long_stays, tmp_path) as once, _copied(long_stays, tmp_path / "twice") as twice:
        for kind in (DOSE, FINDING):
            tell_again(twice, kind, later=later)
        for day in (8, 30, DAYS):
            at = START + day * DAY
            one, both = (as_known(told(store, as_of=at), CATALOG, as_of=moment(at)) for store in (once, twice))
            assert (len(both.doses), len(both.findings)) == (len(one.doses), len(one.findings))
            whole, cycle = judged_both_ways(twice, at)
            pd.testing.assert_frame_equal(whole, cycle)
            alone = judged_both_ways(once, at)[1]
            said = ["patient_id", "flag", "seq", "change", "severity", "began_at", "sentence"]
            pd.testing.assert_frame_equal(cycle[said], alone[said])
            assert len(alone)


def test_the_store_finds_by_themselves_the_sizes_that_doses_are_counted_by() -> None:
    assert str(SIZED_ROWS) == f"analyte IN ({', '.join(repr(name) for name in SIZES)})"


def test_what_is_looked_back_on_reaches_past_every_window_of_a_rule_and_every_effect() -> None:
    far = reach(CATALOG)
    windows = [
        rule.parameters.get("window_hours", 0) + rule.parameters.get("level_hours", 0)
        for rule in CATALOG.rules.values()
    ]
    effects = [effect.hours for product in CATALOG.products.values() for effect in product.effects]
    assert far.values >= max(windows)
    assert far.doses >= far.values + max(effects)
    # fibrinogen weighs 168 h and its told line 96 + 96 h: of eleven days the last three are heard
    assert heard(CATALOG)["fibrinogen_falling"] == 264 - 192
    assert heard(CATALOG)["ferritin_extreme"] == 264


def test_what_follows_from_the_doses_is_what_the_judgement_would_work_out(ward: Store) -> None:
    moments = [moment(START + day * DAY) for day in (20, 21)]
    (earlier, before), (course, begun) = (told_recently(ward, CATALOG, as_of=at) for at in moments)
    known = as_known(course, CATALOG, as_of=moments[1])
    wanted = judge(known, CATALOG, as_of=moments[1])
    assert len(wanted.starts) + len(wanted.older) > 0
    assert known.doses is begun.doses  # so that it is taken as it is
    assert earlier.doses is not begun.doses
    for handed_on in (begun, before):  # what was worked out of other doses, for another moment, changes nothing
        said = judge(known, CATALOG, as_of=moments[1], before=handed_on)
        for name in ("bodies", "starts", "older", "lines", "verdicts", "flags"):
            pd.testing.assert_frame_equal(getattr(said, name), getattr(wanted, name), obj=name)


def test_a_flag_that_holds_with_less_severity_is_told_when_its_values_were_corrected_and_not_before(
    ward: Store,
) -> None:
    at = START + 20 * DAY
    judge_and_record(ward, CATALOG, as_of=at, run_id="r")
    with ward.writing() as connection:
        watched = update(CHANGE).where(CHANGE.c.change == "raised", CHANGE.c.severity == "watch")
        assert connection.execute(watched.values(severity="urgent")).rowcount
    [now, later] = at + timedelta(minutes=1), at + timedelta(minutes=2)
    said = judge(as_known(told(ward, as_of=now), CATALOG, as_of=moment(now)), CATALOG, as_of=moment(now))
    lessened = news_of(queries.last_flag_changes(ward, as_of=now), said)
    assert len(lessened)
    assert lessened["lessened"].all()
    whole, written = judged_both_ways(ward, now)
    assert whole.empty
    assert written.empty
    with ward.writing() as connection:
        mine = LAB.c.patient_id.in_(lessened["patient_id"].unique().tolist())
        rows = connection.execute(select(LAB).where(mine, LAB.c.received_at <= at)).mappings().all()
        again = [{**row, "version": 2, "status": "cancelled", "received_at": later} for row in rows]
        connection.execute(INSERTS[connection.dialect.name](LAB), again)
    whole, written = judged_both_ways(ward, later + timedelta(minutes=1))
    pd.testing.assert_frame_equal(whole, written)
    assert "retracted" in set(written["change"])


patients = st.integers(1, PATIENTS).map("SIM-{:04d}".format)
corrections = st.tuples(
    patients, st.integers(0, 1200), st.integers(-25, 25), st.sampled_from(["corrected", "cancelled"])
)
joinings = st.tuples(patients, patients, st.integers(8, 50))


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # an example takes a second or more: a smaller one would be looked for all day
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changed=st.lists(corrections, min_size=15, max_size=40),
    joined=st.lists(joinings, max_size=3),
    days=st.lists(st.integers(9, DAYS), min_size=4, max_size=4, unique=True),
)
def test_reading_no_further_than_a_judgement_looks_changes_nothing(
    long_stays: Path,
    tmp_path: Path,
    changed: list[tuple[str, int, int, str]],
    joined: list[tuple[str, str, int]],
    days: list[int],
) -> None:
    with _copied(long_stays, tmp_path) as store:
        for patient, place, shift, status in changed:
            correct(store, patient, place, days=shift, status=status)
        for one, other, day in joined:
            merges.say(store, one, other, at=START + day * DAY, by="A", reason="", source="", run_id="m")
            merges.say(store, one, "", at=START + (day + 9) * DAY, by="A", reason="", source="", run_id="m")
        for day in sorted(days):
            whole, written = judged_both_ways(store, START + day * DAY)
            pd.testing.assert_frame_equal(whole, written)


def add(store: Store, patient: str, day: float, **more: object) -> None:
    """A value of an analyte that no rule weighs, known at once."""
    at = START + day * DAY
    with store.writing() as connection:
        row = connection.execute(select(LAB).where(LAB.c.patient_id == patient).limit(1)).mappings().one()
        changed = {"analyte": "inr", "value": 1.1, "collected_at": at, "received_at": at, "resulted_at": at,
                   "ref": int(day * 1000), "version": 1, "source_id": "", "method": ""}  # fmt: skip
        connection.execute(INSERTS[connection.dialect.name](LAB).values({**row, **changed, **more}))


def test_values_that_no_rule_weighs_are_read_where_they_say_how_far_is_looked_back_or_that_a_method_changed(
    ward: Store,
) -> None:
    weighed = asked_of(CATALOG)
    assert {"ferritin", "esr", "sodium", "d_dimer_feu", "neutrophils", "temperature", "weight"} <= weighed
    assert not {"inr", "neutrophils_pct", "sil2r_units", "lymphocytes"} & weighed
    add(ward, "SIM-0001", DAYS + 8.0)  # alone, a week after all else: the look-back is counted from here
    add(ward, "SIM-0002", 30.5, method="Quick")
    add(ward, "SIM-0002", 31.5)
    add(ward, "SIM-0002", 32.5, method="Owren")
    for day in (33, DAYS + 10):
        whole, written = judged_both_ways(ward, START + day * DAY)
        pd.testing.assert_frame_equal(whole, written)
        changed = written[written["flag"].eq("method_changed") & written["change"].eq("raised")]
        assert ("SIM-0002" in [*changed["patient_id"]]) == (day == 33)


def test_of_a_series_that_no_rule_weighs_all_is_read_where_it_names_two_methods(ward: Store) -> None:
    named = {"SIM-0003": ["Quick", "", "Owren"], "SIM-0004": ["Quick", "", "Quick"]}
    for patient, methods in named.items():
        for day, method in zip((30.5, 31.5, 32.5), methods, strict=True):
            add(ward, patient, day, method=method)
    told = told_recently(ward, CATALOG, as_of=START + 33 * DAY)[0].observations
    added = told[told["ref"].isin([30500, 31500, 32500])].sort_values("collected_at")
    read = {str(patient): mine["method"].tolist() for patient, mine in added.groupby("patient_id")}
    assert read == named | {"SIM-0004": ["Quick", "Quick"]}
    assert not told.duplicated(["patient_id", "ref", "version"]).any()


def test_a_long_stay_brings_flags_that_end_for_being_long_ago_and_none_that_end_unsaid(ward: Store) -> None:
    both = [judged_both_ways(ward, START + day * DAY) for day in (6, 18, 22, 34, 46)]
    for whole, written in both:
        pd.testing.assert_frame_equal(whole, written)
    ended = pd.concat([written for _, written in both]).query("change == 'cleared'")
    assert ended["reason"].ne("").all()
    assert ended["reason"].str.contains("further back than a judgement looks").any()


@pytest.mark.parametrize("day", [20, 45, 62])
def test_a_ward_that_is_read_no_further_back_is_shown_the_same(ward: Store, day: int) -> None:
    at = START + day * DAY
    whole, near = (read(ward, CATALOG, as_of=at) for read in (state, recent_state))
    assert len(near.assessment.points) < len(whole.assessment.points)
    pd.testing.assert_frame_equal(near.flags, whole.flags)
    for name in ("verdicts", "responses", "trends", "awaited", "lines"):
        told, wanted = (getattr(one.assessment, name).reset_index(drop=True) for one in (near, whole))
        pd.testing.assert_frame_equal(told, wanted, obj=name)
    scored = [scores_of(bedside_ward(one), [*one.assessment.course.patients["patient_id"]]) for one in (near, whole)]
    assert repr(scored[0]) == repr(scored[1])
