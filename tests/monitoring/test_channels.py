"""Channels in maswatch.toml: off by default, their addresses kept out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.errors import SettingsError
from monitoring.settings import load_settings

URL = "mailtos://ward:sesame-street@mail.example.org"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mail.url").write_text(f"{URL}\n")
    return tmp_path / "maswatch.toml"


def test_without_a_channel_nothing_is_sent(file: Path) -> None:
    file.write_text("")
    assert load_settings(config=file).channel == ()


def test_the_address_comes_from_the_file_beside_it_or_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[[channel]]\nname = "mail"\nurl_file = "mail.url"\nquiet = ["22:00", "7:00"]\n')
    (channel,) = load_settings(config=file).channel
    assert (channel.url, channel.severity, channel.quiet) == (URL, "urgent", ("22:00", "07:00"))
    assert "sesame" not in repr(channel)
    monkeypatch.setenv("MASWATCH_SECRET_MAIL_URL", "json://127.0.0.1")
    assert load_settings(config=file).channel[0].url == "json://127.0.0.1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "mailto://a:b@c"', "holds a url; set MASWATCH_SECRET_MAIL_URL, or name a file with url_file"),
        ("", "channel mail has no address; set MASWATCH_SECRET_MAIL_URL"),
        ('url_file = "nowhere.url"', "channel mail: url_file:"),
        ('url_file = "mail.url"\nquiet = ["22:00"]', "quiet hours have a beginning and another end"),
        ('url_file = "mail.url"\nescalate_minutes = 30', "needs both escalate_minutes and escalate_to"),
        ('url_file = "mail.url"\nescalate_minutes = 30\nescalate_to = "mail"', "which is no other channel"),
        ('url_file = "mail.url"\nseverty = "watch"', "severity may be meant"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_in_one_sentence(file: Path, line: str, said: str) -> None:
    file.write_text(f'[[channel]]\nname = "mail"\n{line}\n')
    with pytest.raises(SettingsError) as refused:
        load_settings(config=file)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
