"""Has this patient answered, what is on, what matters and why; then the trajectories as one figure."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, reading, shell
from dashboard.bedside import Bedside, Ward, with_corrections
from dashboard.components import show_choice, show_figure, show_sheet, show_unknown
from dashboard.patient_sheet import neighbours, patient_html
from dashboard.selection import asked_patient
from dashboard.views.now import now


def patient(ward: Ward) -> None:
    asked = asked_patient(st.query_params)
    side = ward.of(asked)
    if side is not None:
        course(side, ward)
    elif asked:
        show_unknown(asked)
    else:
        show_choice(ward)


def course(side: Bedside, ward: Ward) -> None:
    catalog, zone = reading.catalog(), reading.zone()
    told = with_corrections(side, reading.corrected(side.id, ward.as_of))
    show_sheet(patient_html(told, catalog, neighbours(ward, side.id), zone=zone), key="patient")
    show_figure(charts.trajectories(told, catalog, zone=zone), alt=f"Trajectories of {side.title}", key="trajectories")


shell.show(patient, clock=now)
