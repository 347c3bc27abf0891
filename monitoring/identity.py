"""
Whether it can be told whom a row is about, before it is taken in.

A server's own id of a patient (storage.identities.LOCAL) says nothing until the server has said who that is: what
speaks of such a one is set aside as `unknown_patient` and waits, and joins by itself when the patient appears.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from monitoring.refused import Refused, refused_row
from monitoring.sieve import Rows
from monitoring.sifting import Taken
from storage import identities, merges
from storage.engine import Store
from storage.identities import LOCAL, NUMBERS, Pair

UNKNOWN = "unknown_patient"
WAITS = "This waits for its patient: nothing has told yet who that is."
CONFLICT = (
    "The patient has another number than before, and both are known as two patients; `maswatch merge` joins them "
    "if they are one."
)


def placed(store: Store, taken: Taken) -> Taken:
    """What was read, without the rows that must wait for their patient; those are set aside."""
    told = identities.pairs(taken.facts.values())
    own = {pair for pair in told if pair[1].startswith(LOCAL)}
    if not own:
        return taken
    known = identities.of_numbers(store, sorted({number for number, _ in told}))
    said = taken.facts.get("identifiers", pd.DataFrame())
    unknown = own - known.keys() - identities.pairs([said])
    facts, refused = dict(taken.facts), [*taken.refused]
    for name, rows in taken.rows.items():
        if name in facts:
            facts[name], more = _without(facts[name], rows, unknown)
            refused += more
    if len(said) and "identifiers" in taken.rows:
        facts["identifiers"], more = _agreeing(facts["identifiers"], taken.rows["identifiers"], known)
        refused += more
    return replace(taken, facts={name: frame for name, frame in facts.items() if len(frame)}, refused=refused)


def newcomers(taken: Taken) -> Collection[str]:
    """The source's own ids of those patients of whom it said here who they are."""
    said = taken.facts.get("identifiers")
    return [] if said is None else said["alias"].unique().tolist()


def names_of(store: Store, patients: Collection[str], *, as_of: datetime) -> dict[str, dict[str, list[Any]]]:
    """
    Patient -> "also_known_as": the records that are read as theirs; "identifiers": {"authority", "number"} of each
    number that somebody assigned.
    """
    owner = dict(merges.merged(store, as_of=as_of).into) | {name: name for name in patients}
    also: dict[str, list[str]] = defaultdict(list)
    for other, name in sorted(owner.items()):
        if other != name:
            also[name].append(other)
    told = identities.of_patients(store, list(owner), as_of=as_of)
    told = told[told["authority"].ne("") & ~told["authority"].str.startswith(LOCAL)]
    found = told.assign(patient_id=told["patient_id"].map(owner)).groupby("patient_id")[["authority", "number"]]
    numbers = {name: rows.to_dict("records") for name, rows in found}
    return {name: {"also_known_as": also.get(name, []), "identifiers": numbers.get(name, [])} for name in patients}


def _without(facts: pd.DataFrame, rows: Rows, unknown: Set[Pair]) -> tuple[pd.DataFrame, list[Refused]]:
    wrong = np.zeros(len(facts), dtype=bool)
    missing = np.full(len(facts), "", dtype=object)
    for number, authority in _columns(facts):
        found = pd.MultiIndex.from_arrays([facts[number], facts[authority]]).isin(list(unknown)) if unknown else wrong
        missing[found & ~wrong] = facts[number].to_numpy(object)[found & ~wrong]
        wrong = wrong | found
    fault = (UNKNOWN, WAITS, "")
    places = zip(facts.index[wrong].tolist(), missing[wrong].tolist(), strict=True)
    return facts[~wrong], [refused_row(rows, place, fault, patient) for place, patient in places]


def _agreeing(said: pd.DataFrame, rows: Rows, known: Mapping[Pair, str]) -> tuple[pd.DataFrame, list[Refused]]:
    """Without those that say of two known patients that they are one: only a person can tell."""
    both = said[["patient_id", "authority", "alias", "alias_authority"]].itertuples(index=False, name=None)
    meant = [(known.get((one, its)), known.get((other, whose))) for one, its, other, whose in both]
    wrong = np.array([bool(one and other and one != other) for one, other in meant], dtype=bool)
    fault = ("identity_conflict", CONFLICT, "")
    aside = [refused_row(rows, place, fault, said["patient_id"].loc[place]) for place in said.index[wrong].tolist()]
    return said[~wrong], aside


def _columns(facts: pd.DataFrame) -> Iterator[tuple[str, str]]:
    return ((name, whose) for name, whose in NUMBERS.items() if whose in facts.columns)
