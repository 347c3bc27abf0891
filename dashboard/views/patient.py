"""Has this patient answered, what is on, what matters and why; then the trajectories as one figure."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, reading, shell
from dashboard.bedside import Bedside, Ward, with_corrections
from dashboard.components import show_choice, show_figure, show_sheet, show_unknown
from dashboard.patient_sheet import legend_html, neighbours, patient_html
from dashboard.selection import asked_patient, whole_stay
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
    whole = whole_stay(st.query_params)
    show_sheet(patient_html(told, catalog, neighbours(ward, side.id), zone=zone), key="patient")
    figure = charts.trajectories(told, catalog, zone=zone, whole=whole)
    show_figure(figure, alt=f"Trajectories of {side.title}", key="trajectories")
    show_sheet(legend_html(told, zone=zone, whole=whole), key="legend")


shell.show(patient, clock=now)
