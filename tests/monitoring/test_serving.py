"""The watch over two processes: addresses, ports, and how often one may end."""

import socket

import pytest

from monitoring.errors import ServingError
from monitoring.serving import MOST_DEATHS, WITHIN_SECONDS, Child, exposed, free_port, is_loopback
from tests import servers


@pytest.mark.parametrize(
    ("host", "ours_alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.1.2.3", False), ("icu", False)],
)
def test_an_address_that_other_machines_reach_is_told_apart(host: str, ours_alone: bool) -> None:
    assert is_loopback(host) is ours_alone
    assert host in exposed(host)


def test_a_free_port_is_found_and_a_taken_one_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.serving.PORT_PATIENCE", 0.1)
    port = servers.free_port()  # one that nobody else is given meanwhile
    taken = f"Port {port} on .* is in use"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ServingError, match=taken):
        free_port("127.0.0.1", port)
    assert free_port("127.0.0.1", port) == port
    assert free_port("127.0.0.1", 0) > 0


def test_a_process_that_ends_is_started_again_after_waits_that_grow() -> None:
    child, waits = Child("scheduler", [], b""), []
    for moment in (10.0, 20.0, 30.0):
        child._ended(1, moment)
        waits.append(child.start_at - moment)
    assert waits == [1, 2, 4]


def test_a_process_that_keeps_ending_ends_everything() -> None:
    child = Child("scheduler", [], b"")
    for moment in range(MOST_DEATHS - 1):
        child._ended(1, float(moment))
    with pytest.raises(ServingError, match="ended 5 times in a row"):
        child._ended(1, float(MOST_DEATHS))


def test_deaths_long_ago_are_forgotten() -> None:
    child = Child("scheduler", [], b"")
    for number in range(2 * MOST_DEATHS):
        child._ended(1, number * WITHIN_SECONDS)
    assert child.start_at == (2 * MOST_DEATHS - 1) * WITHIN_SECONDS + 1
