"""Letting people in, giving them other roles and taking them out; and who saw whom, asked for by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring import people
from monitoring.errors import PeopleRefused
from monitoring.people import rights_of
from monitoring.seeing import SeenAsked, seen
from storage.accesses import Seen, note
from storage.engine import Store, open_store
from tests.monitoring.command_line import CommandLine

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ada is an admin."""
    opened = open_store(f"sqlite:///{tmp_path}/maswatch.db")
    people.add(opened, "Ada@Hospital.example", name="Ada", role="admin", by="cli", now=NOW)
    yield opened
    opened.close()


def roles(store: Store) -> dict[str, str]:
    return {one.name: one.role for one in people.members(store, as_of=NOW + timedelta(days=1))}


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("viewer", {"see"}),
        ("clinician", {"see", "act"}),
        ("researcher", {"research"}),
        ("admin", {"see", "act", "research", "manage"}),
        ("viewer researcher", {"see", "research"}),
        ("", set()),
        ("chief", set()),
    ],
)
def test_each_role_may_do_its_own(role: str, rights: set[str]) -> None:
    assert rights_of(role) == rights


def test_an_address_is_the_same_however_it_is_written(store: Store) -> None:
    (ada,) = people.members(store, as_of=NOW, subjects=[" ADA@hospital.example"])
    assert (ada.subject, ada.role) == ("ada@hospital.example", "admin")


def test_a_role_is_changed_and_taken_away_and_all_of_it_stays_told(store: Store) -> None:
    people.add(store, "7", name="Bo", role="viewer", by="Ada", now=NOW + MINUTE)
    people.change(store, "bo", role="clinician, researcher", by="Ada", now=NOW + 2 * MINUTE)
    assert roles(store) == {"Ada": "admin", "Bo": "clinician researcher"}
    people.remove(store, "7", by="Ada", now=NOW + 3 * MINUTE)
    assert roles(store)["Bo"] == ""
    assert [one.role for one in people.history(store, "7")] == ["viewer", "clinician researcher", ""]
    people.add(store, "7", name="Bo", role="viewer", by="Ada", now=NOW + 4 * MINUTE)
    assert roles(store)["Bo"] == "viewer"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"subject": "ada@hospital.example"}, "known already, as Ada"),
        ({"role": "nurse"}, "'nurse' is no role; there are viewer, clinician, researcher, admin"),
        ({"role": ""}, "is no role"),
        ({"name": "  "}, "needs a name"),
        ({"name": "ADA"}, "somebody else's name"),
        ({"subject": " "}, "subject or an e-mail address"),
        ({"by": ""}, "who says so"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(store: Store, told: dict[str, str], said: str) -> None:
    wanted = {"subject": "9", "name": "Cy", "role": "viewer", "by": "Ada"} | told
    with pytest.raises(PeopleRefused, match=said):
        people.add(store, wanted.pop("subject"), **wanted, now=NOW + MINUTE)
    assert roles(store) == {"Ada": "admin"}


def test_the_only_admin_stays_until_there_is_another(store: Store) -> None:
    for act in (lambda: people.remove(store, "Ada", by="Ada", now=NOW + MINUTE),
                lambda: people.change(store, "Ada", role="viewer", by="Ada", now=NOW + MINUTE)):  # fmt: skip
        with pytest.raises(PeopleRefused, match="Ada is the only admin"):
            act()
    people.add(store, "7", name="Bo", role="admin", by="Ada", now=NOW + MINUTE)
    people.remove(store, "Ada", by="Bo", now=NOW + 2 * MINUTE)
    assert roles(store) == {"Ada": "", "Bo": "admin"}


def test_what_somebody_saw_is_found_by_name_and_by_subject(store: Store) -> None:
    note(store, [Seen(NOW, "ada@hospital.example", "patient", "P1"), Seen(NOW + MINUTE, "local user", "ward", "*")])
    for named in ("ada", "ADA@hospital.example"):
        (row,) = seen(store, SeenAsked(person=named), now=NOW + MINUTE)
        assert (row["who"], row["subject"], row["patient_id"]) == ("Ada", "ada@hospital.example", "P1")
    assert [row["who"] for row in seen(store, SeenAsked(), now=NOW + MINUTE)] == ["local user", "Ada"]
    assert seen(store, SeenAsked(patient="P2"), now=NOW + MINUTE) == []


def test_the_first_admin_comes_in_by_the_command_line(maswatch: CommandLine) -> None:
    told = maswatch.told("people", "add", "Dr Ada Sommer", "--email", "Ada@Hospital.example", "--role", "admin")
    assert (told["subject"], told["role"], told["by"]) == ("ada@hospital.example", "admin", "command line")
    maswatch.told("people", "add", "Bo", "--subject", "7", "--role", "viewer", "--role", "researcher")
    maswatch.told("people", "change", "Bo", "--role", "clinician", "--by", "Dr Ada Sommer")
    assert [(row["name"], row["role"]) for row in maswatch.told("people", "list")] == [
        ("Bo", "clinician"),
        ("Dr Ada Sommer", "admin"),
    ]
    maswatch.told("people", "remove", "7")
    assert [row["name"] for row in maswatch.told("people", "list")] == ["Dr Ada Sommer"]
    assert [row["role"] for row in maswatch.told("people", "list", "--history")] == [
        "admin", "viewer researcher", "clinician", "",
    ]  # fmt: skip
    assert maswatch.told("access", "--patient", "P1", "--since", "2026-01-01") == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("add", "Bo", "--role", "viewer"), "one of the two"),
        (("add", "Bo", "--subject", "7", "--email", "b@x", "--role", "viewer"), "one of the two"),
        (("add", "Bo", "--subject", "7"), "is no role"),
        (("change", "Nemo", "--role", "viewer"), "Nobody here is known as 'Nemo'"),
    ],
)
def test_a_slip_on_the_command_line_is_one_sentence(maswatch: CommandLine, asked: tuple[str, ...], said: str) -> None:
    printed = maswatch.run("people", *asked)
    assert (printed.code, printed.out) == (2, "")
    assert said in printed.err
    assert "Traceback" not in printed.err
