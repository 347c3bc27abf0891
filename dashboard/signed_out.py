"""What stands on a page whose reader is let in no longer: why, the way back, and nothing of what was there."""

from __future__ import annotations

from dashboard import reading
from dashboard.admission import Person
from dashboard.components import show_sheet
from dashboard.door_pages import NOBODY_NAMED
from dashboard.markup import page


def show_signed_out(person: Person) -> None:
    contact = reading.settings().sign_in.contact or NOBODY_NAMED
    show_sheet(page("signed_out.html", taken_out=person.turned == "unknown", contact=contact), key="signed-out")
