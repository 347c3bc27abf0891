"""Has this patient answered, what is on, what matters and why; then the trajectories as one figure."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import charts, reading, shell
from dashboard.bedside import bedsides
from dashboard.components import show_choice, show_figure, show_sheet, show_unknown
from dashboard.patient_sheet import neighbours, patient_html
from dashboard.selection import asked_patient
from dashboard.views.now import now


def patient(as_of: datetime) -> None:
    everyone = reading.patients(as_of)
    asked = asked_patient(st.query_params)
    if not asked:
        show_choice(everyone)
    elif asked not in set(everyone["patient_id"]):
        show_unknown(asked)
    else:
        trajectories(asked, as_of)


def trajectories(patient_id: str, as_of: datetime) -> None:
    catalog, zone = reading.catalog(), reading.zone()
    state = reading.patient(patient_id, as_of)
    side = bedsides(state, earlier=reading.corrected(patient_id, as_of))[0]
    beside = neighbours(reading.patients(as_of), patient_id)
    show_sheet(patient_html(side, catalog, beside, zone=zone), key="patient")
    show_figure(charts.trajectories(side, catalog, zone=zone), alt=f"Trajectories of {side.title}", key="trajectories")


shell.show(patient, clock=now)
