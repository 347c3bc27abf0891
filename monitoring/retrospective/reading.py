"""A slice of a research database as facts; its years are the database's own, so that nothing lies in the future."""

from __future__ import annotations

from dataclasses import replace

from monitoring.decoding import kept_bytes
from monitoring.errors import IntakeError
from monitoring.raw_files import RawFile
from monitoring.refused import refused_file
from monitoring.retrospective import clif_rows, meds_rows
from monitoring.retrospective.slices import as_slice
from monitoring.sieve import Circumstances
from monitoring.sifting import Taken, sift_all

FORMS = {clif_rows.FORM: clif_rows.rows_of, meds_rows.FORM: meds_rows.rows_of}


def read_slice(raw: RawFile, at: Circumstances) -> Taken:
    try:
        cut = as_slice(raw.content)
    except IntakeError as error:
        return Taken(refused=[refused_file(raw.name, str(error), kept_bytes(raw.content))])
    there = replace(at, shifted=True)
    kinds, left_out = FORMS[cut.form](raw, cut, there)
    return sift_all(kinds, there, left_out)
