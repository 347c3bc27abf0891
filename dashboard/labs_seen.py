"""The laboratory values that the figure shows, as a table to take away. Imports no streamlit."""

from __future__ import annotations

from datetime import tzinfo

import pandas as pd

from dashboard import wording
from dashboard.bedside import Bedside, shown_analytes
from dashboard.chart_time import time_of
from dashboard.charts import PANELS
from dashboard.selection import PatientAsked
from dashboard.units_shown import in_units
from monitoring.exports.cells import as_text
from monitoring.terms import Catalog

AS_IT_IS = (
    "comparator",
    "usable",
    "confounded_why",
    "value_text",
    "unit_text",
    "method",
    "source",
    "source_id",
    "version",
)


def labs_seen(side: Bedside, catalog: Catalog, *, zone: tzinfo, asked: PatientAsked) -> pd.DataFrame:
    """
    One row a value of the markers and days shown, in the units shown: patient_id, analyte, label, value, unit,
    collected_at (ward time with its offset), hours_since_steroid_start (blank without one), then as they are stored
    comparator, usable, confounded_why, value_text, unit_text, method, source, source_id, version.
    """
    told, shown = in_units(side, catalog, asked.units)
    time = time_of(side, zone=zone, span=asked.span)
    analytes = {one.code: one for one in shown_analytes(shown, told.trends) if one.code in PANELS}
    hours = (told.values["collected_at"] - pd.Timestamp(time.zero)) / pd.Timedelta(hours=1)
    seen = told.values[told.values["analyte"].isin(list(analytes)) & hours.between(time.seen, time.end)]
    order = {code: place for place, code in enumerate(analytes)}
    seen = seen.sort_values("analyte", key=lambda column: column.map(order), kind="stable")
    since = hours.loc[seen.index].round(2) if side.t0 is not None else float("nan")
    return pd.DataFrame(
        {
            "patient_id": side.id,
            "analyte": seen["analyte"],
            "label": [analytes[code].label for code in seen["analyte"]],
            "value": seen["value"].round(6),
            "unit": [analytes[code].unit for code in seen["analyte"]],
            "collected_at": [at.astimezone(zone).isoformat() for at in seen["collected_at"]],
            "hours_since_steroid_start": since,
            **{name: seen[name] for name in AS_IT_IS},
        }
    )


def as_csv(table: pd.DataFrame) -> str:
    return as_text(table.astype(dict.fromkeys(("label", "unit", "collected_at"), "str"))).to_csv(index=False)


def file_name(side: Bedside, zone: tzinfo) -> str:
    return f"maswatch-{wording.file_stamp(side.as_of, zone)}.csv"
