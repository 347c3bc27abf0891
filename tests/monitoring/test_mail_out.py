"""Messages out by real SMTP on loopback, and what `doctor` says of a channel with sending and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.channel_checks import TRIAL, tried
from monitoring.cli import cli
from monitoring.errors import MessageError
from monitoring.notify import through_apprise
from monitoring.settings import ChannelSettings
from tests.monitoring.smtp_sink import Sink, sink
from tests.servers import free_port

# what apprise imports for mail warns of a module that Python 3.13 has without it
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SAID = "maswatch: 2 flags need a decision on ward ICU 2. https://maswatch.example/inbox"


@pytest.fixture
def mail() -> Iterator[Sink]:
    with sink() as server:
        yield server


def address(server: Sink) -> str:
    return f"mailto://127.0.0.1:{server.port}?from=maswatch@ward.example&to=duty@ward.example&mode=insecure&format=text"


def channel(url: str) -> ChannelSettings:
    return ChannelSettings(name="duty", url=url)


def test_a_message_goes_out_by_smtp_to_whom_the_address_names(mail: Sink) -> None:
    through_apprise(address(mail), SAID)
    (said,) = mail.mails
    assert mail.recipients == ["duty@ward.example"]
    assert "2 flags need a decision on ward ICU 2" in said.replace("=\r\n", "")


def test_a_mailbox_that_is_full_is_an_error_in_words(mail: Sink) -> None:
    mail.refuses = True
    with pytest.raises(MessageError):
        through_apprise(address(mail), SAID)
    assert mail.mails == []


def test_a_channel_is_rung_and_told_nothing(mail: Sink) -> None:
    said = tried(channel(address(mail)), send=False)
    assert said == f"duty: E-Mail at 127.0.0.1:{mail.port} answers; `maswatch doctor --send` sends a trial."
    assert mail.mails == []


def test_a_trial_is_sent_when_asked_for_and_speaks_of_no_flag(mail: Sink) -> None:
    assert tried(channel(address(mail)), send=True) == "duty: took a trial message by E-Mail."
    assert TRIAL in mail.mails[0].replace("=\r\n", "")


def test_a_host_that_does_not_answer_is_said_in_a_sentence() -> None:
    port = free_port()
    with pytest.raises(MessageError, match=f"127.0.0.1:{port} does not answer"):
        tried(channel(f"json://127.0.0.1:{port}/hook"), send=False)


def test_of_a_chat_service_nothing_of_its_address_is_told() -> None:
    said = tried(channel("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"), send=False)
    assert said == "duty: its address is one of Slack; `maswatch doctor --send` tries it."


def test_doctor_tries_every_channel(mail: Sink, tmp_path: Path) -> None:
    (tmp_path / "duty.url").write_text(address(mail))
    (tmp_path / "maswatch.toml").write_text(
        f'data_dir = "{tmp_path}"\n[[channel]]\nname = "duty"\nurl_file = "duty.url"\n'
    )
    told = CliRunner().invoke(cli, ["--config", str(tmp_path / "maswatch.toml"), "doctor", "--send"])
    assert "channels: duty: took a trial message by E-Mail." in told.output
    assert len(mail.mails) == 1
