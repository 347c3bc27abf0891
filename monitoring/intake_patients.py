"""patients: rows of text -> what is said of a person, or set aside with the reason. A blank says nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monitoring import lookup, numbers, times
from monitoring.cells import origin_column
from monitoring.sieve import FAR_OFF, Circumstances, Rows, Sieve, quoted, told_moments
from monitoring.terms import Analyte

# A cell beside the contract: the resource that tells a context. No header of a file, read in small letters, is this.
TOLD_BY = "Condition.id"
MEASURED = {"weight_kg": "weight", "height_cm": "height"}
SEXES = {
    "male": ("m", "male", "man", "boy"),
    "female": ("f", "female", "w", "woman", "girl"),
    "other": ("o", "other", "d", "divers", "x"),
    "unknown": ("u", "unknown", "unk"),
}
SEX = {spelling: sex for sex, spellings in SEXES.items() for spelling in spellings} | {"": ""}

UNKNOWN_SEX = "The sex {} is none of male, female, other and unknown."
UNKNOWN_CONTEXT = "The context {} is none of {}."
UNBORN = "birth_date lies in the future."
BACKWARDS = "The discharge lies before the admission."
IMPLAUSIBLE = "{} is outside what can exist ({:g} to {:g} {})."


def sift_patients(rows: Rows, at: Circumstances) -> tuple[pd.DataFrame, Sieve]:
    """Patients of the rows that pass, in the order of the rows, and what became of each row."""
    sieve = Sieve(rows)
    frame = pd.DataFrame({"patient_id": sieve.patient.column(str.strip)})
    frame["birth_date"] = _birth_dates(rows, at, sieve)
    frame["sex"] = _sexes(rows, sieve)
    for name, analyte in MEASURED.items():
        frame[name] = _measured(rows, name, at.catalog.analytes[analyte], sieve)
    frame["context"] = _contexts(rows, at.catalog.contexts, sieve)
    for name in ("ward", "bed"):
        frame[name] = rows.cells(name).column(str.strip)
    for name in ("admitted_at", "discharged_at"):
        frame[name] = _stays(rows, name, at, sieve)
    sieve.refuse((frame["discharged_at"] < frame["admitted_at"]).to_numpy(), "implausible", BACKWARDS)
    frame["source_id"] = rows.cells(TOLD_BY).column(str.strip)
    frame["told_at"] = told_moments(rows, at)
    frame["origin"] = origin_column(rows.origins)
    return frame[sieve.passed], sieve


def _birth_dates(rows: Rows, at: Circumstances, sieve: Sieve) -> pd.api.extensions.ExtensionArray:
    cells = rows.cells("birth_date")
    read = {text: times.calendar_date(text) for text in cells.texts}
    wrong = cells.mask(lambda text: read[text][1] not in ("", times.BLANK))
    sieve.refuse(wrong, "no_time", cells.each(lambda text: f"birth_date cannot be used: {read[text][1]}."))
    today = (FAR_OFF if at.shifted else at.now).astimezone(at.zone).date().isoformat()
    sieve.refuse(cells.mask(lambda text: read[text][0] > today), "implausible", UNBORN)
    return cells.column(lambda text: read[text][0])


def _sexes(rows: Rows, sieve: Sieve) -> pd.api.extensions.ExtensionArray:
    cells = rows.cells("sex")
    sentences = cells.each(lambda text: UNKNOWN_SEX.format(quoted(text)))
    sieve.refuse(cells.mask(lambda text: lookup.plain_name(text) not in SEX), "unknown_sex", sentences)
    return cells.column(lambda text: SEX.get(lookup.plain_name(text), ""))


def _contexts(rows: Rows, contexts: tuple[str, ...], sieve: Sieve) -> pd.api.extensions.ExtensionArray:
    known = {lookup.plain_name(context): context for context in contexts} | {"": ""}
    cells = rows.cells("context")
    sentences = cells.each(lambda text: UNKNOWN_CONTEXT.format(quoted(text), ", ".join(contexts)))
    wrong = cells.mask(lambda text: lookup.plain_name(text) not in known)
    sieve.refuse(wrong, "unknown_context", sentences, cells.trimmed)
    return cells.column(lambda text: known.get(lookup.plain_name(text), ""))


def _measured(rows: Rows, name: str, analyte: Analyte, sieve: Sieve) -> np.ndarray:
    cells = rows.cells(name)
    read = numbers.numbers(cells.texts, rows.decimal)
    fault = np.where(read.comparator != "", numbers.MORE, read.fault)
    wrong = (fault != "") & (fault != numbers.BLANK)
    sentences = [f"{name}: {why}" for why in fault]
    sieve.refuse(wrong[cells.codes], "not_a_number", cells.spread(sentences))
    low, high = analyte.plausible
    outside = (read.value < low) | (read.value > high)
    sieve.refuse(outside[cells.codes], "implausible", IMPLAUSIBLE.format(name, low, high, analyte.unit))
    return read.value[cells.codes]


def _stays(rows: Rows, name: str, at: Circumstances, sieve: Sieve) -> pd.DatetimeIndex:
    """A date alone is enough for an admission: it stands for the beginning of that day."""
    cells = rows.cells(name)
    read = times.moments(cells.texts, at.zone, midnight=True)
    sieve.refuse_times(name, cells, read, needed=False)
    return pd.DatetimeIndex(read.at).take(cells.codes)
