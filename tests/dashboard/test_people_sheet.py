"""Who may do what, and the access log, in the words an administrator reads."""

from __future__ import annotations

import re
from datetime import timedelta

from dashboard.people_sheet import access_html, people_html
from monitoring.people import Member
from tests.dashboard.ward_fixture import NOW, ZONE


def seen(what: str, patient: str = "*") -> dict[str, object]:
    return {"at": NOW, "who": "Dr Ada Sommer", "subject": "ada", "what": what, "patient_id": patient}


def cells(*rows: dict[str, object]) -> list[tuple[str, str]]:
    """(what, of whom) of each row."""
    told = str(access_html(rows, zone=ZONE))
    return re.findall(r"</th><td>(.*?)</td><td>(.*?)</td>", told)


def test_the_access_log_says_what_was_opened_and_what_was_taken_away() -> None:
    assert cells(seen("patient", "P-0007"), seen("ward"), seen("research"), seen("research table")) == [
        ("opened the patient&#39;s page", "P-0007"),
        ("opened the ward", "everybody"),
        ("opened research", "everybody"),
        ("took a research table", "everybody"),
    ]


def test_a_page_that_shows_no_patient_is_of_nobody_and_what_has_no_words_stands_as_it_was_written() -> None:
    assert cells(seen("feed"), seen("people"), seen("signed in", ""), seen("some other thing", "P-1")) == [
        ("opened the feed", ""),
        ("opened people and access", ""),
        ("signed in", ""),
        ("some other thing", "P-1"),
    ]


def test_people_stand_with_roles_and_who_was_taken_out_is_counted() -> None:
    known = [
        Member("ada", "Dr Ada Sommer", "admin clinician", "command line", NOW - timedelta(days=1)),
        Member("vera", "Vera Frost", "", "Dr Ada Sommer", NOW),
    ]
    told = str(people_html(known, local=False, said=("", ""), zone=ZONE))
    assert "admin, clinician" in told
    assert 'data-of="known as">ada<' in told
    assert "Vera Frost" not in told
    assert "1 person was taken out" in told
