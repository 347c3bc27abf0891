"""Who is let in, as what, and for how long: from what the provider says, what the store knows, and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.admission import LOCAL, Admission
from dashboard.cookies import claims_of, own_secret, slip_of, slip_written
from dashboard.sign_ins import SignIns, Slip, sign_in_id
from dashboard.ways_in import wanted
from monitoring import people
from monitoring.settings_parts import SignIn
from storage.engine import Store, open_store

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CLAIMS = {"iss": "https://idp.example", "sub": "7", "iat": 1, "nonce": "a", "name": "Cleo"}
SITE: dict[str, Any] = {"provider": "https://idp.example", "client_id": "maswatch"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """7 is a clinician, wall a viewer, cleo@x.example a researcher, gone was taken out."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('people')}/maswatch.db")
    for subject, role in (("7", "clinician"), ("wall", "viewer"), ("cleo@x.example", "researcher"), ("gone", "viewer")):
        people.add(opened, subject, name=subject, role=role, by="cli", now=NOW - HOUR)
    people.remove(opened, "gone", by="cli", now=NOW - MINUTE)
    yield opened
    opened.close()


def seen(store: Store, claims: dict[str, Any], at: datetime = NOW, **told: Any) -> tuple[str, str]:
    """(role, turned) of somebody who signed in at NOW and touches nothing."""
    admission = Admission(SignIn(**SITE, **told))
    admission.sign_ins.begin(sign_in_id(CLAIMS | claims), NOW)
    person = admission.of(CLAIMS | claims, store, now=at)
    return person.role, person.turned


def test_without_a_provider_everybody_is_the_local_user_and_may_do_everything(store: Store) -> None:
    person = Admission(SignIn()).of({}, store, now=NOW)
    assert person == LOCAL
    assert person.may("manage")
    assert person.may("see")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ("clinician", "")),
        ({"sub": "8"}, ("", "unknown")),
        ({"sub": "8", "email": "Cleo@X.example", "email_verified": True}, ("researcher", "")),
        ({"sub": "8", "email": "cleo@x.example"}, ("", "unknown")),
        ({"sub": "8", "email": "cleo@x.example", "email_verified": "true"}, ("", "unknown")),
        ({"sub": "gone"}, ("", "unknown")),
        ({"sub": ""}, ("", "nobody")),
    ],
)
def test_somebody_is_known_by_subject_or_by_an_address_the_provider_has_verified(
    store: Store, claims: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert seen(store, claims) == expected


def test_a_site_may_know_people_by_another_claim_and_by_that_alone(store: Store) -> None:
    assert seen(store, {"upn": "cleo@x.example"}, claim="upn") == ("researcher", "")
    assert seen(store, {}, claim="upn") == ("", "unknown")


def test_roles_by_claim_are_for_those_whom_the_store_does_not_name(store: Store) -> None:
    told: dict[str, Any] = {"role_claim": "groups", "roles": {"icu": "clinician", "lab": "researcher"}}
    assert seen(store, {"sub": "8", "groups": ["icu", "lab", "golf"]}, **told) == ("clinician researcher", "")
    assert seen(store, {"sub": "8", "groups": "lab"}, **told) == ("researcher", "")
    assert seen(store, {"sub": "8", "groups": ["golf"]}, **told) == ("", "unknown")
    assert seen(store, {"sub": "gone", "groups": ["icu"]}, **told) == ("", "unknown")


@pytest.mark.parametrize(
    ("after", "expected"), [(15 * MINUTE, ("clinician", "")), (15 * MINUTE + SECOND, ("", "idle"))]
)
def test_a_sign_in_left_alone_for_the_idle_minutes_is_over(
    store: Store, after: timedelta, expected: tuple[str, str]
) -> None:
    assert seen(store, {}, NOW + after) == expected


def test_a_wall_screen_stays_when_it_is_a_viewers_and_nothing_more(store: Store) -> None:
    assert seen(store, {"sub": "wall"}, NOW + 72 * HOUR, kiosks=("wall",)) == ("viewer", "")
    assert seen(store, {"sub": "wall"}, NOW + HOUR) == ("", "idle")
    assert seen(store, {}, NOW + HOUR, kiosks=("7",)) == ("", "idle")


def test_a_role_taken_away_is_gone_at_the_next_look(tmp_path: Path) -> None:
    own = open_store(f"sqlite:///{tmp_path}/maswatch.db")
    people.add(own, "7", name="Cleo", role="clinician", by="cli", now=NOW)
    admission = Admission(SignIn(**SITE))
    admission.sign_ins.begin(sign_in_id(CLAIMS), NOW)
    before = admission.of(CLAIMS, own, now=NOW)
    people.remove(own, "7", by="cli", now=NOW + MINUTE)
    assert before.may("act")
    assert admission.of(CLAIMS, own, now=NOW + MINUTE).turned == "unknown"
    own.close()


def test_touching_keeps_a_sign_in_alive_up_to_its_longest_and_never_wakes_a_dead_one() -> None:
    sign_ins = SignIns(15 * MINUTE, HOUR)
    sign_ins.begin("a", NOW)
    for minutes in (14, 28, 42, 56):
        sign_ins.touch("a", NOW + minutes * MINUTE)
    assert sign_ins.standing("a", NOW + HOUR) == "live"
    assert sign_ins.standing("a", NOW + HOUR + SECOND) == "idle"
    sign_ins.begin("b", NOW)
    sign_ins.touch("b", NOW + 16 * MINUTE)
    assert sign_ins.standing("b", NOW + 16 * MINUTE) == "idle"


def test_a_slip_outlives_a_restart_and_not_a_sign_out() -> None:
    sign_ins = SignIns(15 * MINUTE, HOUR)
    assert sign_ins.standing("a", NOW) == "ended"
    sign_ins.recall("a", Slip(NOW - 20 * MINUTE, NOW - 5 * MINUTE))
    assert sign_ins.standing("a", NOW) == "live"
    sign_ins.end("a", NOW)
    sign_ins.recall("a", Slip(NOW, NOW + MINUTE))
    assert sign_ins.standing("a", NOW) == "ended"


def test_a_slip_is_good_for_one_sign_in_and_only_as_it_was_written(tmp_path: Path) -> None:
    secret, slip = own_secret(tmp_path), Slip(NOW, NOW + MINUTE)
    assert own_secret(tmp_path) == secret
    assert (tmp_path / "cookie.key").stat().st_mode & 0o777 == 0o600
    written = slip_written("a", slip, secret)
    assert slip_of({"maswatch_touched": written}, "a", secret) == slip
    for cookies, name, key in (({"maswatch_touched": written}, "b", secret), ({"maswatch_touched": written}, "a", "x"),
                               ({"maswatch_touched": written[1:]}, "a", secret), ({}, "a", secret)):  # fmt: skip
        assert slip_of(cookies, name, key) is None
    assert claims_of({"_streamlit_user": "forged"}, secret) == {}


@pytest.mark.parametrize(
    ("kept", "where"),
    [
        ("/patient?patient=P-1", "/patient?patient=P-1"),
        ("//evil.example/patient", "/"),
        ("https://evil.example/patient", "/"),
        ("/auth/logout", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_the_way_leads_to_a_page_of_ours(kept: str, where: str) -> None:
    assert wanted(kept.encode().hex(), frozenset({"/", "/patient"})) == where
    assert wanted("no hex", frozenset({"/"})) == "/"
