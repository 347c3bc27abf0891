"""
A ward whose store holds many millions of rows: what years of use leave behind. By hand:

    python -m tests.bench.history URL --rows 20000000

Each of the patients SIM-0001 to SIM-1000 is given twenty-five analytes twice a day as far back as the rows go, with a
dose and three findings a day and flags that came and went. On a server the rows lie in the order in which cycles of
twelve hours would have brought them. `maswatch ingest` of simulated courses then brings the newest weeks on top.
"""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from monitoring.catalog import load_catalog
from storage import bulk
from storage.columns import rows_of
from storage.engine import Store, open_store, upgrade
from storage.tables import Arrival, Dose, Finding, FlagChange, Heard, Observation, Patient, PatientIdentifier, Run

ANALYTES, EVERY, SEED = 25, timedelta(hours=12), 7
END = datetime(2026, 1, 5, 6, tzinfo=UTC)
FLAGS, EPISODES = ("ferritin_rising", "fibrinogen_falling", "platelets_falling", "labs_overdue", "relapse"), 6
STAMP: dict[str, Any] = {"source": "ingest", "run_id": "history", "version": 1}


def lengthen(store: Store, *, patients: int, rows: int, end: datetime = END) -> datetime:
    """Gives the store `rows` observations that end at `end`; when they begin."""
    people = [f"SIM-{number:04d}" for number in range(1, patients + 1)]
    draws = rows // (patients * ANALYTES)
    noise = np.random.default_rng(SEED)
    _named(store, people, end - draws * EVERY, end)
    step = 60 if store.dialect == "sqlite" else 1
    for first in range(0, draws, step):
        times = [end - (draws - place) * EVERY for place in range(first, min(first + step, draws))]
        _arrive(store, _labs(people, times, noise), _given(people, times, noise), times[-1] + EVERY)
    _flagged(store, people, end - draws * EVERY)
    return end - draws * EVERY


def _named(store: Store, people: list[str], at: datetime, heard_at: datetime) -> None:
    frame = pd.DataFrame({"patient_id": people}, dtype="str").assign(number=people, authority="")
    with store.writing() as connection:
        bulk.insert(connection, rows_of(frame, Patient, STAMP | {"version": 0, "digest": 0, "received_at": at}))
        bulk.insert(connection, rows_of(frame, PatientIdentifier, STAMP | {"received_at": at}))
        bulk.insert(connection, rows_of(frame, Heard, {"last_at": heard_at}))


def _labs(people: list[str], times: list[datetime], noise: np.random.Generator) -> pd.DataFrame:
    """In the order of the key: a row a patient, draw and analyte."""
    known = [each for each in load_catalog().analytes.values() if each.code not in ("weight", "height")][:ANALYTES]
    shape = (len(people), len(times), ANALYTES)
    count = int(np.prod(shape))
    patient, draw, analyte = (each.ravel() for each in np.indices(shape))
    minute = noise.integers(0, 60, shape[:2]).ravel()[patient * len(times) + draw]
    collected = pd.DatetimeIndex(times).to_numpy("datetime64[us]")[draw] + minute.astype("timedelta64[m]")
    values = np.round(np.exp(noise.normal(3, 0.4, count)), 2)
    texts = pd.Series(values.astype(str))
    return pd.DataFrame(
        {
            "patient_id": np.array(people, dtype=object)[patient],
            "collected_at": pd.DatetimeIndex(collected, tz=UTC),
            "resulted_at": pd.DatetimeIndex(collected + np.timedelta64(90, "m"), tz=UTC),
            "analyte": np.array([each.code for each in known], dtype=object)[analyte],
            "unit": np.array([each.unit for each in known], dtype=object)[analyte],
            "unit_text": np.array([each.unit for each in known], dtype=object)[analyte],
            "value": values,
            "value_text": texts,
            "source_id": _counted(times, shape),
            "origin": "labs.csv:" + pd.Series(np.arange(2, count + 2).astype(str)),
            "status": "final",
        }
    ).assign(**_numbers(noise, count))


def _counted(times: list[datetime], shape: tuple[int, ...]) -> pd.Series:
    """As a laboratory numbers its results: upwards, draw by draw."""
    patients, _, analytes = shape
    draws = np.array([int(time.timestamp() // EVERY.total_seconds()) for time in times])
    patient, draw, analyte = (each.ravel() for each in np.indices(shape))
    return "L" + pd.Series((draws[draw] * patients + patient) * analytes + analyte).astype(str).str.zfill(10)


def _given(people: list[str], times: list[datetime], noise: np.random.Generator) -> dict[str, pd.DataFrame]:
    days = times[::2]
    patient = np.repeat(np.array(people, dtype=object), len(days))
    when = pd.DatetimeIndex(np.tile(pd.DatetimeIndex(days).to_numpy(), len(people)), tz=UTC)
    dose = pd.DataFrame({"patient_id": patient, "started_at": when, "given": "anakinra", "amount": 100.0, "unit": "mg"})
    seen = pd.DataFrame({"patient_id": patient, "observed_at": when, "finding": "temperature_c", "value": "37.2"})
    more = pd.DataFrame({"patient_id": patient, "observed_at": when, "finding": "rash", "value": "no"})
    both = pd.concat([seen, more, more.assign(finding="splenomegaly")], ignore_index=True)
    both = both.sort_values(["patient_id", "observed_at"], ignore_index=True)
    return {
        "dose": dose.assign(**_numbers(noise, len(dose))),
        "finding": both.assign(**_numbers(noise, len(both))),
    }


def _numbers(noise: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    whole = np.iinfo(np.int64)
    return {name: noise.integers(whole.min + 1, whole.max, count) for name in ("ref", "digest")}


def _arrive(store: Store, labs: pd.DataFrame, given: dict[str, pd.DataFrame], at: datetime) -> None:
    stamp = STAMP | {"received_at": at, "run_id": f"{at:%Y%m%dT%H%M%SZ}-history"}
    counts = {"kind": "ingest", "started_at": at, "finished_at": at, "read": len(labs), "new": len(labs)}
    with store.writing() as connection:
        _loose(connection)
        bulk.insert_new(connection, rows_of(labs, Observation, stamp))
        bulk.insert_new(connection, rows_of(given["dose"], Dose, stamp))
        bulk.insert_new(connection, rows_of(given["finding"], Finding, stamp))
        one = pd.DataFrame({"added": [len(labs)]})
        bulk.insert(connection, rows_of(one, Arrival, stamp))
        bulk.insert(connection, rows_of(one, Run, stamp | counts))


def _loose(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -2000000")
    else:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _flagged(store: Store, people: list[str], begin: datetime) -> None:
    """Flags that were raised and cleared again, some days each."""
    shape = (len(people), len(FLAGS), 2 * EPISODES)
    patient, flag, seq = (each.ravel() for each in np.indices(shape))
    when = pd.Timestamp(begin) + pd.to_timedelta(3 * seq, unit="D")
    frame = pd.DataFrame(
        {
            "patient_id": np.array(people, dtype=object)[patient], "flag": np.array(FLAGS, dtype=object)[flag],
            "seq": seq, "change": np.where(seq % 2 == 0, "raised", "cleared"), "severity": "watch",
            "began_at": when, "changed_at": when, "recorded_at": when,
        }
    )  # fmt: skip
    same = {"rule_version": "1.0.0", "run_id": "history", "sentence": "As it was then.", "reason": "",
            "evidence": "[]", "confounders": "[]"}  # fmt: skip
    with store.writing() as connection:
        bulk.insert(connection, rows_of(frame, FlagChange, same))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--patients", type=int, default=1000)
    asked = parser.parse_args()
    began = time.monotonic()
    upgrade(asked.url)
    with closing(open_store(asked.url)) as store:
        since = lengthen(store, patients=asked.patients, rows=asked.rows)
    print(f"{asked.rows:,} observations since {since:%Y-%m-%d} in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
