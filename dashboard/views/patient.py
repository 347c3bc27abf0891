"""Has this patient answered, what is on, what matters and why; then the trajectories as one figure."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import charts, clicks, entering, files, page_reading, reading, shell, taking
from dashboard.bedside import Bedside, Ward
from dashboard.changes import milliseconds
from dashboard.components import show_choice, show_figure, show_sheet, show_state, show_unknown
from dashboard.drawn_of import drawn_of
from dashboard.figure_choices import choices_html, legend_html
from dashboard.offers import Offer
from dashboard.older import older
from dashboard.patient_sheet import neighbours, patient_html
from dashboard.scores_panel import scores_html
from dashboard.selection import PatientAsked, asked_patient, moment_asked, patient_asked, with_units
from dashboard.views.now import now


def patient(ward: Ward) -> None:
    named = asked_patient(st.query_params)
    asked = with_units(patient_asked(st.query_params), reading.settings().dashboard.units)
    home = reading.with_whole(ward, named, far=asked.far)
    side = home.of(named)
    if side is not None:
        course(side, ward, home, asked)
    elif named:
        show_unknown(named)
    else:
        show_choice(ward)


def course(side: Bedside, ward: Ward, home: Ward, asked: PatientAsked) -> None:
    """`home`: the ward that `side` was read with, of the patient alone where more than the last days is shown."""
    catalog, zone = reading.catalog(), reading.zone()
    told = page_reading.corrected(side)
    back = moment_asked(st.query_params) is not None
    reader, beside = clicks.reader(now, [side.id]), neighbours(ward, side.id)
    shown = (asked, str(zone), catalog.version)
    sheet = drawn_of(
        side,
        ("sheet", *shown, repr(reader), repr(beside)),
        lambda: patient_html(told, catalog, beside, zone=zone, reader=reader, asked=asked),
    )
    show_sheet(sheet, key="patient", said=clicks.hearing(now), looked=milliseconds(side.as_of))
    left_out = older(told, page_reading.last_drawn(side), catalog, asked, zone=zone)
    show_sheet(choices_html(told, catalog, asked, left_out), key="choices")
    if told.series or told.spans:
        draw = partial(charts.trajectories, told, catalog, zone=zone, asked=asked)
        figure = drawn_of(side, ("figure", *shown), draw)
        show_figure(figure, alt=f"Trajectories of {side.title}", key="trajectories", picture=asked.picture)
        show_sheet(legend_html(asked, told), key="legend")
        values = Offer(files.values_shown, (asked,))
        taking.button("Values shown as CSV", values, key="labs-seen", clock=now)
    else:
        show_state("Nothing to draw", "No result and no dose is known of the time that is shown.", key="nothing-drawn")
    entering.enter(side, clock=now, back=back)
    show_sheet(scores_html(reading.scores(home, side.id, live=not back), catalog), key="scores")


shell.show(patient, clock=now)
