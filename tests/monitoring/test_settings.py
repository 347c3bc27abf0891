"""Arguments before environment before maswatch.toml before defaults, and one sentence for what cannot be."""

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitoring.errors import SettingsError
from monitoring.settings import Settings, foreign_variables, load_settings

WRITTEN = """
data_dir = "store"
site_catalog = "site.toml"
[ward]
timezone = "Europe/Berlin"
name = "PICU 2"
[schedule]
at = ["6:30", 18:30:00]
[[source]]
name = "drop"
kind = "csv"
path = "inbox/"
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No maswatch.toml of this machine, and no variable of it, plays a part."""
    monkeypatch.chdir(tmp_path)
    for name in [*foreign_variables(), "MASWATCH_CONFIG", "MASWATCH_DATA_DIR", "MASWATCH_DATABASE_URL"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))


def config(folder: Path, text: str = WRITTEN) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "maswatch.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_anything_written_down_there_are_defaults(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.data_dir == tmp_path / "xdg" / "maswatch"
    assert settings.database_url == f"sqlite:///{tmp_path}/xdg/maswatch/maswatch.db"
    assert settings.schedule.at == ("06:00", "18:00")
    assert settings.source == ()


def test_the_file_beside_the_caller_is_read_and_its_paths_are_relative_to_it(tmp_path: Path) -> None:
    config(tmp_path)
    settings = load_settings()
    assert settings.data_dir == tmp_path / "store"
    assert settings.site_catalog == tmp_path / "site.toml"
    assert settings.source[0].path == tmp_path / "inbox"
    assert settings.zone == ZoneInfo("Europe/Berlin")
    assert settings.schedule.at == ("06:30", "18:30")


def test_a_named_file_wins_over_the_one_beside_the_caller(tmp_path: Path) -> None:
    config(tmp_path)
    settings = load_settings(config=config(tmp_path / "etc", '[ward]\nname = "other"\n'))
    assert settings.ward.name == "other"
    assert settings.source == ()


def test_the_environment_wins_over_the_file_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path)
    monkeypatch.setenv("MASWATCH_WARD__TIMEZONE", "America/New_York")
    monkeypatch.setenv("MASWATCH_SCHEDULE__AT", "07:00,19:00")
    monkeypatch.setenv("MASWATCH_DATA_DIR", str(tmp_path / "other"))
    settings = load_settings()
    assert (settings.ward.timezone, settings.ward.name) == ("America/New_York", "PICU 2")
    assert settings.schedule.at == ("07:00", "19:00")
    assert settings.database_url == f"sqlite:///{tmp_path}/other/maswatch.db"


def test_arguments_win_over_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path)
    monkeypatch.setenv("MASWATCH_DATA_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("MASWATCH_DATABASE_URL", "sqlite:////nowhere.db")
    settings = load_settings(data_dir=tmp_path / "told", database_url="sqlite:////told.db")
    assert (settings.data_dir, settings.database_url) == (tmp_path / "told", "sqlite:////told.db")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASWATCH_CONFIG", str(config(tmp_path / "etc")))
    assert load_settings().ward.name == "PICU 2"


def test_sources_may_be_given_as_json_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASWATCH_SOURCE", '[{"name": "lis", "kind": "csv", "path": "box"}]')
    assert load_settings().source[0].path == tmp_path / "box"


def test_a_secret_stands_in_the_file_that_a_key_names(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("postgresql+psycopg://watch:s3cret@db/ward\n", encoding="utf-8")
    settings = load_settings(config=config(tmp_path, 'database_url_file = "secret"\n'))
    assert settings.database_url == "postgresql+psycopg://watch:s3cret@db/ward"


def test_settings_reach_another_process_unchanged(tmp_path: Path) -> None:
    settings = load_settings(config=config(tmp_path))
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[ward]\ntimezone = "Mars/Base"\n', "ward.timezone: 'Mars/Base' is no time zone"),
        ('[ward]\ntimezone = "../passwd"\n', "ward.timezone: '../passwd' is no time zone"),
        ('[schedule]\nat = ["25:00"]\n', "schedule.at.0: '25:00' is no time of day"),
        ('[schedule]\nat = ["06:00", "6:00"]\n', "schedule.at: 06:00 stands there twice"),
        ("[schedule]\nat = []\n", "schedule.at: "),
        ('[ward]\ntimezoen = "UTC"\n', "ward.timezoen is no key that is known here; timezone may be meant"),
        ('dat_dir = "x"\n', "dat_dir is no key that is known here; data_dir may be meant"),
        ('[[source]]\nname = "a"\n', "source.0.kind: Field required"),
        ('[[source]]\nname = "a"\nkind = "csv"\n' * 2, "source: a stands there twice"),
        ("[ward\n", "is not TOML in UTF-8"),
        ('database_url = "postgresql+psycopg://u:pw@db/x"\n', "database_url holds a password"),
        ('database_url_file = "nowhere"\n', "nowhere cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = config(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(config=file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "maswatch.toml" in str(caught.value) or "database_url_file" in str(caught.value)


def test_a_fault_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASWATCH_WARD__TIMEZONE", "Mars")
    with pytest.raises(SettingsError, match=r"variable MASWATCH_WARD__TIMEZONE: ward\.timezone: 'Mars'"):
        load_settings()
    monkeypatch.setenv("MASWATCH_WARD__TIMEZONE", "UTC")
    monkeypatch.setenv("MASWATCH_SOURCE", "drop")
    with pytest.raises(SettingsError, match="MASWATCH_SOURCE"):
        load_settings()


def test_a_named_file_that_is_not_there_is_no_reason_to_fall_back(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml is no file"):
        load_settings(config=tmp_path / "nowhere.toml")


def test_variables_that_mean_nothing_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASWATCH_TIMEZONE", "UTC")
    monkeypatch.setenv("MASWATCH_WARD__NAME", "ok")
    assert foreign_variables() == ["MASWATCH_TIMEZONE"]


def test_a_time_as_toml_writes_times_is_understood(tmp_path: Path) -> None:
    settings = load_settings(config=config(tmp_path, "[schedule]\nat = [05:45:00]\n"))
    assert time.fromisoformat(settings.schedule.at[0]) == time(5, 45)


SERVER = """
[[source]]
name = "lis-2"
kind = "fhir"
url = "https://fhir.example.org/r4"
user = "maswatch"
"""


def test_a_secret_comes_from_the_environment_or_else_from_the_file_named_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    file = config(tmp_path, SERVER + 'password_file = "secret"\n')
    assert load_settings(config=file).source[0].password == "from the file"
    monkeypatch.setenv("MASWATCH_SECRET_LIS_2_PASSWORD", "from the environment")
    monkeypatch.setenv("MASWATCH_SECRET_LIS_2_TOKEN", "a token")
    source = load_settings(config=file).source[0]
    assert (source.password, source.token) == ("from the environment", "a token")
    assert "environment" not in repr(source)
    assert foreign_variables() == []


def test_a_secret_written_into_the_file_itself_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MASWATCH_SECRET_LIS_2_PASSWORD") as refused:
        load_settings(config=config(tmp_path, SERVER + 'password = "hunter2"\n'))
    assert "hunter2" not in str(refused.value)


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lis-2: token_file: .*nowhere cannot be read"):
        load_settings(config=config(tmp_path, SERVER + 'token_file = "nowhere"\n'))


def test_a_settings_object_handed_to_another_process_keeps_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASWATCH_SECRET_LIS_2_TOKEN", "a token")
    settings = load_settings(config=config(tmp_path, SERVER))
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
