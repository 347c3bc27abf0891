"""Asking for a file by the word that a page was told: who gets it, what is written down, and what is said else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard import files, front, handing_out, reading
from dashboard.admission import LOCAL, Admission
from dashboard.door import Door
from dashboard.offers import OFFERS, File, Offer, Offered
from dashboard.research_choice import file_name
from dashboard.selection import LabsAsked, PatientAsked, RoundsAsked
from dashboard.ways_in import Told
from monitoring import people
from monitoring.people import Right
from monitoring.seeing import SeenAsked
from monitoring.settings_parts import SignIn
from storage.accesses import accesses
from tests.dashboard import store_fixture
from tests.dashboard.test_door import CLAIMS, HERE, SECRET, brought

AT = datetime.now(UTC).replace(second=0, microsecond=0)
SITE = SignIn(provider="https://idp.example", client_id="m")
FERRITIN = LabsAsked(patients=("P-0011",), analytes=("ferritin",))
VALUES = Offer(files.values_shown, (PatientAsked(patient="P-0007"),))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[None]:
    reading.use(store_fixture.filled(tmp_path, now=AT))
    yield
    reading.store().close()


def asked_for(word: str, *, sign_in: SignIn, cookies: dict[str, str]) -> httpx.Response:
    told = Told(Admission(sign_in), SECRET, HERE, frozenset(front.PATHS))
    app = Starlette(routes=handing_out.routes(), middleware=[Middleware(Door, told=told)])
    headers = {"X-Maswatch-Take": word, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE, headers=headers) as client:
            return await client.post("/take")

    return asyncio.run(ask())


def take(offer: Offer, *, of: str = LOCAL.subject, sign_in: SignIn | None = None) -> httpx.Response:
    """As pressed by Cleo where there is a sign-in, else by whoever is at this machine."""
    word = OFFERS.put(Offered(offer, of, of), "", now=AT)
    return asked_for(word, sign_in=sign_in or SignIn(), cookies=brought() if sign_in else {})


def written() -> list[tuple[str, str, str]]:
    told = accesses(reading.store())
    return sorted(zip(told["who"], told["what"], told["patient_id"], strict=True))


def add_cleo(role: str) -> None:
    people.add(reading.store(), "ada", name="Ada", role="admin", by="cli", now=AT - timedelta(hours=2))
    people.add(reading.store(), "cleo", name="Cleo", role=role, by="cli", now=AT - timedelta(hours=1))


def test_a_research_table_is_the_one_chosen_and_its_name_says_so(site: None) -> None:
    answer = take(Offer(files.research_table, (FERRITIN, AT), "research"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    named = 'attachment; filename="maswatch-labs-ferritin-some-patients-4-values.csv"'
    assert answer.headers["content-disposition"] == named
    assert answer.headers["cache-control"] == "no-store"
    table = pd.read_csv(StringIO(answer.text))
    assert table["value"].tolist() == [1500, 2100, 1120, 1200]
    assert "P-0011" not in answer.text
    assert written() == [("local user", "research table", "P-0011")]


def test_values_shown_are_those_of_the_units_that_were_chosen(site: None) -> None:
    answer = take(Offer(files.values_shown, (PatientAsked(patient="P-0007", units="us"),)))
    table = pd.read_csv(StringIO(answer.text))
    assert set(table["patient_id"]) == {"P-0007"}
    newest = table[table["analyte"] == "fibrinogen"].iloc[-1]
    assert (newest["value"], newest["unit"]) == (171, "mg/dL")  # 1.71 g/L
    assert written() == [("local user", "values shown", "P-0007")]


def test_rounds_are_of_everybody_on_the_list_and_written_down_for_each(site: None) -> None:
    answer = take(Offer(files.rounds_on_paper, (RoundsAsked(), "A4")))
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert [what for _, what, _ in written()] == ["rounds on paper"] * 8


def test_the_access_log_that_is_taken_has_this_taking_in_it(site: None) -> None:
    answer = take(Offer(files.access_log, (SeenAsked(),), "manage"))
    assert pd.read_csv(StringIO(answer.text))["what"].tolist() == ["access log"]


def test_who_is_no_longer_there_is_said_and_nothing_is_written_down(site: None) -> None:
    for offer in (
        Offer(files.values_shown, (PatientAsked(patient="P-9999"),)),
        Offer(files.rounds_on_paper, (RoundsAsked(patient="P-9999"), "A4")),
    ):
        answer = take(offer)
        assert (answer.status_code, answer.text) == (410, files.NOBODY)
    assert written() == []


@pytest.mark.parametrize("word", ["", "never told"])
def test_without_a_word_that_was_told_there_is_no_file(site: None, word: str) -> None:
    answer = asked_for(word, sign_in=SignIn(), cookies={})
    assert (answer.status_code, answer.text) == (410, handing_out.FORGOTTEN)


def test_what_was_offered_to_somebody_is_theirs_alone(site: None) -> None:
    add_cleo("clinician")
    refused = take(VALUES, of="vera", sign_in=SITE)
    assert (refused.status_code, refused.text) == (403, handing_out.NOT_YOURS)
    assert "P-0007" not in refused.text
    assert take(VALUES, of="cleo", sign_in=SITE).status_code == 200
    assert written() == [("cleo", "values shown", "P-0007")]


def test_nobody_and_who_left_their_page_alone_get_nothing(site: None) -> None:
    add_cleo("clinician")
    word = OFFERS.put(Offered(VALUES, "cleo", "cleo"), "", now=AT)
    late = brought(CLAIMS | {"nonce": "left alone"}, touched=timedelta(minutes=16))
    assert asked_for(word, sign_in=SITE, cookies={}).status_code == 401
    assert asked_for(word, sign_in=SITE, cookies=late).status_code == 401
    assert written() == []


@pytest.mark.parametrize(
    ("role", "right", "status"),
    [
        ("clinician", "see", 200),
        ("clinician", "research", 403),
        ("researcher", "see", 403),
        ("researcher", "manage", 403),  # a table with identifiers
        ("admin", "manage", 200),
    ],
)
def test_what_somebody_may_is_asked_when_they_press(site: None, role: str, right: Right, status: int) -> None:
    add_cleo("admin")  # while the page was drawn
    offer = Offer(files.values_shown, VALUES.asked, right)
    word = OFFERS.put(Offered(offer, "cleo", "cleo"), "", now=AT)
    people.change(reading.store(), "cleo", role=role, by="cli", now=AT - timedelta(minutes=1))
    answer = asked_for(word, sign_in=SITE, cookies=brought())
    assert answer.status_code == status
    assert len(written()) == (status == 200)


def test_who_was_taken_out_meanwhile_gets_nothing(site: None) -> None:
    add_cleo("clinician")
    word = OFFERS.put(Offered(VALUES, "cleo", "cleo"), "", now=AT)
    people.remove(reading.store(), "cleo", by="cli", now=AT - timedelta(minutes=1))
    assert asked_for(word, sign_in=SITE, cookies=brought()).status_code == 403
    assert written() == []


def test_nothing_leaves_while_the_access_log_cannot_be_written(site: None) -> None:
    with reading.store().engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE access RENAME TO away")
    try:
        answer = take(VALUES)
    finally:
        with reading.store().engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO access")
    assert (answer.status_code, answer.text) == (503, handing_out.UNWRITTEN)


def test_a_fault_is_said_calmly_and_its_words_stay_out_of_answer_and_log(
    site: None, caplog: pytest.LogCaptureFixture
) -> None:
    words = "P-0007 has 21,800"

    def made() -> str:
        raise ValueError(words)

    def find(*, now: datetime) -> File:
        return File("faulty.csv", "text/csv", "values shown", ["P-0007"], made)

    with caplog.at_level(logging.ERROR):
        answer = take(Offer(find, ()))
    assert (answer.status_code, answer.text) == (500, handing_out.FAILED)
    assert "ValueError" in caplog.text
    assert "P-0007" not in caplog.text
    assert "21,800" not in caplog.text


def test_a_get_is_no_way_to_take_anything(site: None) -> None:
    (route,) = handing_out.routes()
    assert route.methods == {"POST"}


def named(**asked: Any) -> str:
    return file_name(LabsAsked(**asked), 12)


def test_a_research_file_is_called_after_its_choice_and_never_after_a_day() -> None:
    assert named() == "maswatch-labs-12-values.csv"
    assert named(analytes=("crp", "ferritin")) == "maswatch-labs-crp-ferritin-12-values.csv"
    assert named(analytes=("ast", "alt", "crp", "ldh")) == "maswatch-labs-4-analytes-12-values.csv"
    assert named(patients=("P-0007",), start=AT) == "maswatch-labs-some-patients-some-days-12-values.csv"
    assert named(identified=True, end=AT) == "maswatch-labs-some-days-12-values-identified.csv"
