"""
Every action by keyboard alone, each with what it did. Walked here, or in the file that is named:

ward: tile, ward, flag, labs, line, units, search (test_board), rows (test_board), colours, fold at 1024, wall screen
inbox: acknowledge (test_inbox), snooze, comment, assign, undo of each, filter, another name
patient: choose, neighbour, span, axis, mode, units, evidence (test_views), figure, values as CSV,
    finding and weight entered and taken back
rounds: steps (test_rounds), note, done, both taken back, sheets as PDF
feed: a code mapped (test_feed) and taken back, a set-aside item shown and read again
research: patients and analytes chosen, CSV, rules on trial counted (test_trial)
people: somebody let in, changed, taken out; the log searched and taken
sign out: test_sign_in
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.intake import RawFile, take_in
from monitoring.people import members
from monitoring.settings import Settings
from storage import talk
from storage.engine import Store, open_store
from storage.queries import snoozes
from tests.browser.conftest import site
from tests.browser.keys import fill, go, press, tab_to, write
from tests.browser.watched import Watched
from tests.dashboard.store_fixture import known
from tests.stories.served import Served

pytestmark = pytest.mark.browser
Open = Callable[..., Watched]
ROWS = "patient_id,analyte,value,unit,collected_at\nP-0002,QX1,4321,ng/mL,{at}\nP-0002,ferritin,12,furlong,{at}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ward of eight; a code that nobody knows and a unit that nobody can read wait in it."""
    folder, now = site(tmp_path_factory.mktemp("keys"), fill=True), datetime.now(UTC)
    settings, at = Settings(data_dir=folder), (now - timedelta(hours=2)).isoformat()
    with closing(open_store(settings.database_url)) as store:
        raw = RawFile("labs.csv", ROWS.format(at=at).encode())
        take_in(store, known(), settings, [raw], source="lis", run_id="r", now=now)
    return folder


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[str]:
    served = Served(folder, "--no-schedule")
    yield served.address
    served.end()


def stored(folder: Path, read: Callable[[Store], Any]) -> Any:
    with closing(open_store(Settings(data_dir=folder).database_url)) as store:
        return read(store)


def test_the_ward_is_narrowed_told_in_other_units_and_coloured(here: str, opened: Open) -> None:
    page = opened(here, width=1024)
    go(page, "…need a decision", then=".hiding a")
    assert page.asked == "/?show=decision"
    fill(page, "Flag", "No resp")
    page.see(".board tbody tr:only-child")
    assert page.asked == "/?flag=steroid_nonresponse&show=decision"
    go(page, "Show all", then="tr[data-key='P-0014']")
    fill(page, "Labs", "overdue")
    page.see(".hiding a")
    assert page.asked == "/?due=overdue"
    go(page, "Show all", then="tr[data-key='P-0014']")
    fill(page, "Line", "Second")
    page.see(".board tbody tr:only-child")
    go(page, "Show all", then="tr[data-key='P-0014']")
    fill(page, "Units", "SI")
    page.see("text=pmol/L")
    assert page.asked == "/?units=si"
    tab_to(page, "platelets and CRP…")
    press(page, "Space")
    page.see(".board .folded >> visible=true")
    fill(page, "Colours", "High", back=True)
    page.see("html[data-theme=contrast] .board")
    go(page, "Wall screen", then=".wall")
    assert page.asked == "/?kiosk=1&units=si"


def test_a_flag_is_snoozed_commented_and_given_to_somebody_and_each_is_undone(
    here: str, opened: Open, folder: Path
) -> None:
    page, now = opened(f"{here}/inbox?severity=urgent"), datetime.now(UTC) + timedelta(minutes=5)
    press(page, "j", "z")
    write(page, "2", "Tab")
    write(page, "labs at six", "Tab")
    write(page, "Dr Aydin", "Enter")
    page.see("text=Undo snooze")
    told = stored(folder, lambda store: snoozes(store, as_of=now))
    assert list(told["reason"]) == ["labs at six"]
    assert (told["until"] - told["at"]).tolist() == [timedelta(hours=2)]
    press(page, "c")
    write(page, "haemolysed?", "Enter")
    page.see(".entry .comment")
    press(page, "g")
    write(page, "Dr Weber", "Enter")
    page.see("text=With Dr Weber")
    assert list(stored(folder, lambda store: talk.comments(store, as_of=now))["text"]) == ["haemolysed?"]
    go(page, "take back", then=".banner:has-text('Comment taken back')")
    for undo, gone in (("Undo snooze", "text=Undo snooze"), ("Undo assignment", "text=With Dr Weber")):
        tab_to(page, undo)
        press(page, "Enter")
        page.see_gone(gone)
        page.settle()
    go(page, "Any severity…", then="[aria-current=true]:has-text('Any severity')", back=True)
    assert page.asked == "/inbox"
    go(page, "Act under another name", then="text=Nobody has said who acts here", back=True)


def test_a_patient_is_chosen_and_looked_at_in_every_way(here: str, opened: Open) -> None:
    page = opened(f"{here}/patient")
    go(page, "Bed 7", then=".patient[data-key='P-0007']")
    go(page, "72 h", then="[aria-current=true]:has-text('72 h')")
    go(page, "Ward clock", then="[aria-current=true]:has-text('Ward clock')")
    go(page, "All as multiples", then="text=multiples of the")
    go(page, "SI", then="[aria-current=true]:text-is('SI')")
    assert page.asked == "/patient?patient=P-0007&span=72h&axis=clock&units=si&mode=relative"
    for name, ending in (("Download plot", "maswatch.svg"), ("Values shown as CSV", ".csv")):
        tab_to(page, name)
        with page.page.expect_download() as taken:
            press(page, "Enter")
        assert taken.value.suggested_filename.endswith(ending)
    go(page, "Bed 9 ›", then=".patient[data-key='P-0009']", back=True)
    assert page.asked == "/patient?patient=P-0009&units=si"  # the units go along
    go(page, "Rounds", then="[data-steps=list]", back=True)
    assert page.asked == "/rounds?units=si"


def test_a_finding_and_a_weight_are_entered_and_taken_back(here: str, opened: Open) -> None:
    page = opened(f"{here}/patient?patient=P-0014")
    fill(page, "Your name", "Dr Aydin")
    page.see(".st-key-add-P-0014 button:not([disabled])")
    fill(page, "Finding", "Splenom", "Enter", back=True)
    page.see("[role=radiogroup]")
    tab_to(page, "yes")
    press(page, "Space")
    page.see("[role=radio][aria-checked=true]")
    go(page, "Add", then="text=Entered: Splenomegaly")
    go(page, "Take back", then="text=Taken back; it no longer counts.")
    fill(page, "Finding", "Weight", "Enter", back=True)
    page.see("[aria-label='Value (kg)']")
    fill(page, "Value (kg)", "71.5")
    go(page, "Add", then="text=Entered: Weight")
    page.see(".patient .who:has-text('71.5 kg')")
    page.settle()  # it was just drawn anew: what had the focus may have been taken from under the keys
    go(page, "Take back", then="text=Taken back; it no longer counts.")


def test_rounds_are_noted_done_taken_back_and_printed(here: str, opened: Open) -> None:
    page = opened(f"{here}/rounds?patient=P-0011")
    fill(page, "Your name", "Dr Aydin")
    page.see(".st-key-done-P-0011 button:not([disabled])")
    fill(page, "Note", "taper next week", back=True)
    go(page, "Note only", then=".told.notes:has-text('taper next week')")
    go(page, "Take back the note…", then=".told.notes:has-text('No note.')")
    go(page, "Rounds done", then="text=since rounds", back=True)
    go(page, "Take back “done”…", then="text=no rounds marked")
    tab_to(page, "Sheet as PDF")
    with page.page.expect_download() as taken:
        press(page, "Enter")
    assert taken.value.suggested_filename.endswith(".pdf")


def test_what_waits_is_looked_at_and_read_again_and_a_code_is_mapped_and_taken_back(here: str, opened: Open) -> None:
    page = opened(f"{here}/feed")
    fill(page, "Your name", "Dr Weber")
    fill(page, "QX1 means", "ferr", "ArrowDown", "Enter")
    page.see("button:not([disabled]) >> text=Map QX1")
    go(page, "Map QX1", then="text=QX1 of lis now means Ferritin: 1 new.")
    tab_to(page, "Show one original")
    press(page, "Space")
    page.see("text=furlong")
    go(page, "Read 1 again", then="text=1 still set aside")
    fill(page, "Take back what was said of", "QX1", "Enter")
    page.see(".st-key-take-back button:not([disabled])")
    go(page, "Take back", then="text=QX1 means")


def test_researchers_choose_and_take_what_they_chose(here: str, opened: Open) -> None:
    page = opened(f"{here}/research")
    everything = page.text("text=/^\\d+ values$/")
    fill(page, "Analytes", "Ferritin", "Enter", "Escape")
    page.see_gone(f"text='{everything}'")
    page.see("text=/^\\d+ values$/")
    assert page.asked == "/research?analytes=Ferritin"
    tab_to(page, "Download CSV", back=True)
    with page.page.expect_download() as taken:
        press(page, "Enter")
    assert re.fullmatch(r"maswatch-labs-ferritin-\d+-values\.csv", taken.value.suggested_filename)


def test_somebody_is_let_in_given_another_role_and_taken_out_and_the_log_is_searched(
    here: str, opened: Open, folder: Path
) -> None:
    page = opened(f"{here}/people")

    def roles() -> list[tuple[str, str]]:
        told = stored(folder, lambda store: members(store, as_of=datetime.now(UTC)))
        return [(one.name, str(one.role)) for one in told]

    fill(page, "Your name", "Dr Ada Sommer")
    fill(page, "Name", "Noa Berg", back=True)
    write(page, "noa@hospital.example", "Tab")
    write(page, "viewer", "Enter", "Escape")
    go(page, "Add", then="text=Noa Berg may come in as viewer.")
    assert roles() == [("Noa Berg", "viewer")]
    fill(page, "Change", "Noa", "Enter")
    page.see(".st-key-amend-change button:not([disabled])")
    fill(page, "New roles", "clin", "Enter", "Escape")
    go(page, "Change roles", then=".people td:has-text('clinician')")
    assert roles() == [("Noa Berg", "clinician")]
    fill(page, "Person", "Nobody")
    page.see("text=Nothing was seen or taken away that matches.")
    page.settle()  # the button stands below what was seen, and is drawn after it
    tab_to(page, "All of it as CSV")
    with page.page.expect_download() as taken:
        press(page, "Enter")
    assert taken.value.suggested_filename == "maswatch-access.csv"
    go(page, "Take out", then="text=taken out", back=True)
