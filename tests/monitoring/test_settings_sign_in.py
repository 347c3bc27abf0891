"""What a site says of signing in: checked when it is read, its secret from elsewhere, and no open door by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.errors import ServingError, SettingsError
from monitoring.serving import refuse_exposed, with_address
from monitoring.settings import Settings, load_settings
from monitoring.settings_parts import Dashboard, SignIn
from tests.monitoring.command_line import fresh

PROVIDER = "https://idp.hospital.example/realms/icu"
WRITTEN = f'[sign_in]\nprovider = "{PROVIDER}"\nclient_id = "maswatch"\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(tmp_path, monkeypatch)


def read(text: str) -> Settings:
    Path("maswatch.toml").write_text(text)
    return load_settings()


def test_the_secret_comes_from_the_environment_or_from_the_file_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    text = WRITTEN + 'secret_file = "secret"\n'
    assert read(text).sign_in.secret == "from a file"
    monkeypatch.setenv("MASWATCH_SECRET_SIGN_IN", "from the environment")
    assert read(text).sign_in.secret == "from the environment"
    assert "from the environment" not in repr(load_settings())


def test_a_site_without_a_word_on_it_has_nobody_sign_in() -> None:
    assert read("").sign_in == SignIn()
    assert SignIn().idle_minutes == 15


@pytest.mark.parametrize("told", [PROVIDER, f"{PROVIDER}/", f"{PROVIDER}/.well-known/openid-configuration"])
def test_where_the_provider_describes_itself_follows_from_its_address(told: str) -> None:
    assert SignIn(provider=told, client_id="m").described_at == f"{PROVIDER}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WRITTEN, "MASWATCH_SECRET_SIGN_IN"),
        (WRITTEN + 'secret = "hunter2"\n', "sign_in holds a secret"),
        (WRITTEN + 'secret_file = "nowhere"\n', "nowhere cannot be read"),
        (WRITTEN + "open = true\n", "not both"),
        (f'[sign_in]\nprovider = "{PROVIDER}"\n', "needs a client_id"),
        (WRITTEN.replace("https", "http"), "reached over https"),
        (WRITTEN + 'idle_minutes = 0\n', "sign_in.idle_minutes"),
        (WRITTEN + '[sign_in.roles]\nicu = "boss"\n', "'boss' is no role"),
        (WRITTEN + 'clientid = "x"\n', "client_id may be meant"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        read(text)
    assert said in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("host", "sign_in", "url", "said"),
    [
        ("127.0.0.1", SignIn(), "", ""),
        ("0.0.0.0", SignIn(), "", "there is no sign-in"),
        ("0.0.0.0", SignIn(open=True), "", ""),
        ("0.0.0.0", SignIn(provider=PROVIDER, client_id="m"), "", r"needs \[dashboard\] url"),
        ("0.0.0.0", SignIn(provider=PROVIDER, client_id="m"), "http://mas.example", "proxy with TLS"),
        ("0.0.0.0", SignIn(provider=PROVIDER, client_id="m"), "https://mas.example", ""),
    ],
)
def test_other_machines_are_let_in_by_a_provider_alone_or_by_an_express_word(
    host: str, sign_in: SignIn, url: str, said: str
) -> None:
    settings = Settings(sign_in=sign_in, dashboard=Dashboard(url=url))
    if not said:
        return refuse_exposed(settings, host)
    with pytest.raises(ServingError, match=said):
        refuse_exposed(settings, host)
    return None


def test_on_this_machine_the_provider_leads_back_to_where_it_is_served() -> None:
    guarded = Settings(sign_in=SignIn(provider=PROVIDER, client_id="m"))
    assert with_address(guarded, "127.0.0.1", 8501).dashboard.url == "http://127.0.0.1:8501"
    assert with_address(Settings(), "127.0.0.1", 8501).dashboard.url == ""
    named = guarded.model_copy(update={"dashboard": Dashboard(url="https://mas.example")})
    assert with_address(named, "127.0.0.1", 8501).dashboard.url == "https://mas.example"
