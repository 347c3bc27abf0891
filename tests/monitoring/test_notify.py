"""Messages out, to a real webhook on loopback: once a change, tried again when it fails, and without any patient."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from monitoring.catalog import load_catalog
from monitoring.cycle import Site
from monitoring.notify import notify
from monitoring.schedule import Rota
from monitoring.settings import Settings
from monitoring.terms import Catalog
from storage import outbox
from storage.engine import Store, open_store
from storage.frames import FLAG_CHANGES, shaped
from storage.writes import acknowledge, record_flag_changes
from tests.monitoring.small_ward import NOON, HandClock, drop, fill

# what apprise imports for mail warns of a module that Python 3.13 has without it
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
RISE = "maswatch: 1 flag needs a decision."


@cache
def catalog() -> Catalog:
    return load_catalog()


class Webhook(ThreadingHTTPServer):
    """What it was sent, and what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.bodies = 200, list[dict[str, Any]]()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, more: str = "") -> str:
        return f"json://ward:sesame-street@127.0.0.1:{self.server_address[1]}/{more}"

    @property
    def said(self) -> list[str]:
        return [body["message"] for body in self.bodies]


class Answer(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.bodies.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *told: Any) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


def site(store: Store, folder: Path, *channels: dict[str, Any], **more: Any) -> Site:
    told = {"data_dir": folder / "site", "ward": {"timezone": "Europe/Berlin"}, "channel": channels, **more}
    return Site(Settings.model_validate(told), store, catalog(), HandClock())


def change(flag: str, *, seq: int = 0, severity: str = "urgent", what: str = "raised") -> dict[str, Any]:
    times = dict.fromkeys(("began_at", "changed_at", "recorded_at"), pd.Timestamp(NOON))
    return {"patient_id": "P1", "flag": flag, "seq": seq, "severity": severity, "change": what, **times,
            "sentence": "Ferritin 24,000 in bed 7"}  # fmt: skip


def raise_flags(store: Store, *changes: dict[str, Any]) -> None:
    record_flag_changes(store, shaped(pd.DataFrame(list(changes)), FLAG_CHANGES))


def test_two_changes_of_one_cycle_are_one_message_and_no_later_look_repeats_it(
    store: Store, tmp_path: Path, webhook: Webhook
) -> None:
    raise_flags(store, change("ferritin_rising"), change("fibrinogen_low"))
    here = site(store, tmp_path, {"name": "chat", "url": webhook.url()})
    for _ in range(3):
        notify(here)
    assert webhook.said == ["maswatch: 2 flags need a decision."]
    assert not any(word in json.dumps(webhook.bodies) for word in ("P1", "bed", "Ferritin", "24,000", "ferritin"))
    raise_flags(store, change("ferritin_rising", seq=1, what="worsened"))
    notify(here)
    assert webhook.said[1:] == [RISE]


def test_what_was_answered_or_has_ended_is_told_to_nobody(store: Store, tmp_path: Path, webhook: Webhook) -> None:
    raise_flags(store, change("ferritin_rising"), change("relapse"), change("relapse", seq=1, what="cleared"))
    acknowledge(store, "P1", "ferritin_rising", seq=0, at=NOON, by="Dr A", reason="repeat sent")
    notify(site(store, tmp_path, {"name": "chat", "url": webhook.url(), "severity": "info"}))
    assert webhook.said == []


def test_a_channel_that_fails_is_tried_again_and_the_fault_is_told_without_its_key(
    store: Store, tmp_path: Path, webhook: Webhook
) -> None:
    raise_flags(store, change("ferritin_rising"))
    here, webhook.status = site(store, tmp_path, {"name": "chat", "url": webhook.url("0123456789abcdef")}), 503
    notify(here)
    (row,) = outbox.messages(store).to_dict("records")
    assert (row["tries"], pd.isna(row["sent_at"])) == (1, True)
    assert "503" in row["error"]
    assert not any(secret in row["error"] for secret in ("sesame", "0123456789abcdef"))
    webhook.status = 200
    here.clock.now += timedelta(minutes=1)  # type: ignore[attr-defined]
    notify(here)
    assert webhook.said == []
    here.clock.now += timedelta(minutes=1)  # type: ignore[attr-defined]
    notify(here)
    assert webhook.said == [RISE]
    (row,) = outbox.messages(store).to_dict("records")
    assert (row["tries"], row["error"], row["sent_at"]) == (2, "", pd.Timestamp(NOON + timedelta(minutes=2)))


def test_a_channel_that_cannot_be_reached_does_not_keep_another_from_its_message(
    store: Store, tmp_path: Path, webhook: Webhook
) -> None:
    raise_flags(store, change("ferritin_rising"))
    nowhere = {"name": "nowhere", "url": "unheard-of://there"}
    notify(site(store, tmp_path, nowhere, {"name": "chat", "url": webhook.url()}))
    assert webhook.said == [RISE]
    told = outbox.messages(store).set_index("channel")
    assert told.loc["nowhere", "error"].startswith("The address is none that is known")


def test_what_nobody_answers_is_told_to_another_channel(store: Store, tmp_path: Path, webhook: Webhook) -> None:
    raise_flags(store, change("ferritin_rising"))
    chat = {"name": "chat", "url": webhook.url("chat"), "escalate_minutes": 30, "escalate_to": "duty"}
    duty = {"name": "duty", "url": webhook.url("duty"), "severity": "urgent"}
    here = site(store, tmp_path, chat, duty)
    notify(here)
    assert webhook.said == [RISE, RISE]
    here.clock.now += timedelta(minutes=30)  # type: ignore[attr-defined]
    notify(here)
    notify(here)
    assert webhook.said[2:] == ["maswatch: 1 flag has gone unanswered for 30 min."]


def test_the_scheduler_tells_after_a_look(store: Store, tmp_path: Path, webhook: Webhook) -> None:
    box = drop("drop", fill(tmp_path / "inbox"))
    here = site(store, tmp_path, {"name": "chat", "url": webhook.url()}, source=[box])
    rota = Rota(here)
    rota.arrivals()
    assert len(webhook.said) == 1
    assert "need" in webhook.said[0]
    rota.arrivals()
    assert len(webhook.said) == 1


def test_without_channels_nothing_is_owed(store: Store, tmp_path: Path) -> None:
    raise_flags(store, change("ferritin_rising"))
    notify(site(store, tmp_path))
    assert outbox.messages(store).empty
