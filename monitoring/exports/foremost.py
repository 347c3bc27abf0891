"""The first rows of an export to stdout, of what another process read (monitoring.exports.beginnings)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from monitoring import memory
from monitoring.analysis.course import Course, known
from monitoring.exports.beginnings import Beginning
from monitoring.exports.fields import layout
from monitoring.exports.flow import values
from monitoring.exports.lines import Lines, csv_lines
from monitoring.exports.making import UNTOLD, Order, Part, formed
from monitoring.exports.parts import part, plan
from monitoring.exports.reading import LINES
from monitoring.exports.tables import tables
from monitoring.exports.wanted import Wanted
from monitoring.measured import measured
from monitoring.terms import Catalog
from storage.facts import Facts
from storage.framed import framed, people
from storage.frames import DOSES, FINDINGS, OBSERVATIONS, empty

NOBODY = pd.Series(dtype="str")  # joined with another


@memory.uncollected()
def foremost(read: Beginning, catalog: Catalog, wanted: Wanted) -> Lines:
    """As monitoring.exports.judging and facts would write them."""
    patients, findings = people(read.told["patient"]), framed(read.told["finding"], FINDINGS)
    if read.facts is not None:
        listed = patients.set_index("patient_id", drop=False).loc[read.patients].reset_index(drop=True)
        course = Course(listed, empty(OBSERVATIONS), empty(DOSES), findings)
        return _reported(read.facts, course, catalog, wanted)
    shape = {name: kind for name, kind in OBSERVATIONS.items() if name not in UNTOLD}
    course = Course(patients, framed(read.told["observation"], shape), framed(read.told["dose"], DOSES), findings)
    order = Order(catalog, wanted, ("labs",), LINES)
    ward: Any = measured(course, catalog, as_of=wanted.as_of)
    frames = tables(ward, None, wanted, order.only)
    lines: Lines = formed(frames, order, Part(read.patients, leads=True))["labs"].lines
    return lines


def _reported(facts: Facts, told: Course, catalog: Catalog, wanted: Wanted) -> Lines:
    labs = layout(catalog).asked(facts=True, versions=False)["labs"]
    names = told.patients["patient_id"].tolist()
    first = replace(part(known(told, as_of=wanted.as_of), names, NOBODY, wanted), leads=True)
    columns, _ = values(facts, first, plan(wanted, catalog, labs, marked=True))
    return csv_lines(columns)
