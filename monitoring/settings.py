"""
What a site sets: arguments, else environment (MASWATCH_…), else maswatch.toml, else defaults. The only reader of both.

`Settings` itself reads nothing, so that a process can hand its own to another one and a test can write them down.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import tzlocal
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as Unparsed

from monitoring.errors import SettingsError
from monitoring.wall_times import time_of_day

PREFIX = "MASWATCH_"
CONFIG_NAME = "maswatch.toml"
# What a source's name would be taken for, in the runs and in what `schedule --once` prints.
PATHS = frozenset((
    "data_dir", "database_url_file", "site_catalog", "site_map", "path", "password_file", "token_file", "key_file",
    "tls_certificate", "tls_key_file", "tls_client_authority", "url_file",
))  # fmt: skip
# Of a source or a channel: MASWATCH_SECRET_<NAME>_PASSWORD and so on, else the file named beside it.
SECRETS = {"source": ("password", "token"), "channel": ("url",)}
RESERVED = ("assessed", "cycle", "error", "ingest", "judging")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin") from None
    return name


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _listed(told: Any) -> Any:
    """An environment variable may list times as 06:00,18:00 or as JSON."""
    if not isinstance(told, str):
        return told
    return json.loads(told) if told.lstrip().startswith("[") else [part.strip() for part in told.split(",")]


def _wall_time(told: Any) -> str:
    text = told.isoformat("minutes") if hasattr(told, "isoformat") else str(told)
    try:
        return f"{time_of_day(text):%H:%M}"
    except ValueError:
        raise ValueError(f"{text!r} is no time of day; write one like 06:00") from None


def _free(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{name!r} has a meaning of its own; give the source another name")
    return name


def _distinct(told: tuple[Any, ...]) -> tuple[Any, ...]:
    names = [getattr(entry, "name", entry) for entry in told]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there twice; each may stand once")
    return told


def _from_to(told: tuple[str, ...]) -> tuple[str, ...]:
    if told and (len(told) != 2 or told[0] == told[1]):
        raise ValueError('quiet hours have a beginning and another end, like ["22:00", "07:00"]')
    return told


Place = Annotated[Path, AfterValidator(_absolute)]
WallTime = Annotated[str, BeforeValidator(_wall_time)]
WallTimes = Annotated[tuple[WallTime, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_distinct)]
Minutes = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def machine_zone() -> str:
    """The zone this machine is set to, where it has a name; else UTC."""
    try:
        return _known_zone(tzlocal.get_localzone_name())
    except (KeyError, ValueError, OSError):
        return "UTC"


class Ward(_Part):
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(default_factory=machine_zone)
    name: str = ""


class Raw(_Part):
    """How long what sources sent is kept as it came, after it was read."""

    keep_days: float = Field(default=90, ge=0)


class Schedule(_Part):
    """`at`: when the cycle runs, ward time. `retry_minutes`: waits after failures. `tick_minutes`: between looks."""

    at: WallTimes = Field(default=("06:00", "18:00"), min_length=1)
    retry_minutes: Annotated[tuple[Minutes, ...], NoDecode, BeforeValidator(_listed)] = (2, 5, 15, 30)
    tick_minutes: Minutes = Field(default=5, le=60)


class SourceSettings(_Part):
    """
    One feed. `kind` names a file in monitoring/sources. A drop folder has a path, an HL7 listener an address to
    listen on, a FHIR server a url.

    `password` and `token` come from the environment or from the files named beside them, never from maswatch.toml.
    """

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.-]+$"), AfterValidator(_free)]
    kind: str = Field(min_length=1)
    silent_hours: float | None = Field(default=None, gt=0)
    # a drop folder
    path: Place | None = None
    after: Literal["leave", "move"] = "leave"
    settle_seconds: float = Field(default=5, ge=0)
    encoding: str = ""
    # an HL7 listener
    listen: str = ""
    tls_certificate: Place | None = None
    tls_key_file: Place | None = None
    tls_client_authority: Place | None = None
    most_connections: int = Field(default=64, ge=1)
    most_megabytes: float = Field(default=16, gt=0)
    frame_seconds: float = Field(default=30, gt=0)
    idle_seconds: float = Field(default=3600, gt=0)
    # a FHIR server
    url: str = ""
    user: str = ""
    password: str = Field(default="", repr=False)
    password_file: Place | None = None
    token: str = Field(default="", repr=False)
    token_file: Place | None = None
    client_id: str = ""
    key_file: Place | None = None
    key_id: str = ""
    token_url: str = ""
    scope: str = "system/*.read"
    patients: tuple[str, ...] = ()
    group: str = ""
    location: str = ""
    patient_query: str = ""
    identifier_system: str = ""
    first_days: float = Field(default=30, gt=0)
    overlap_minutes: float = Field(default=10, ge=0)
    page_size: int = Field(default=200, ge=1)
    poll_minutes: Minutes = 15
    timeout_seconds: float = Field(default=30, gt=0)


class ChannelSettings(_Part):
    """
    Where messages about flags go. `url`: as apprise writes them, a secret. `severity`: the least that is told.
    `quiet`: from and to, ward time, when only what is urgent is told. What nobody has answered for `escalate_minutes`
    is told to the channel `escalate_to` as well.
    """

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.-]+$")]
    url: str = Field(default="", repr=False)
    url_file: Place | None = None
    severity: Literal["info", "watch", "urgent"] = "urgent"
    quiet: Annotated[tuple[WallTime, ...], AfterValidator(_from_to)] = ()
    escalate_minutes: Minutes | None = None
    escalate_to: str = ""


class Dashboard(_Part):
    """`url`: where its readers reach the dashboard; messages end with a link to it."""

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""


def _escalating(told: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
    names = {channel.name for channel in told}
    for channel in told:
        if bool(channel.escalate_to) != (channel.escalate_minutes is not None):
            raise ValueError(f"{channel.name} needs both escalate_minutes and escalate_to, or neither")
        if channel.escalate_to and channel.escalate_to not in names - {channel.name}:
            raise ValueError(f"{channel.name} escalates to {channel.escalate_to!r}, which is no other channel")
    return told


def _own_folder() -> Path:
    home, told = Path.home(), Path(os.environ.get("XDG_DATA_HOME", ""))
    if told.is_absolute():
        return told / "maswatch"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "maswatch"
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "maswatch"


def _store_of(told: dict[str, Any]) -> str:
    """Where nothing names the store: what the secret file says, else SQLite in the data folder."""
    secret: Path | None = told["database_url_file"]
    if secret is None:
        return f"sqlite:///{(told['data_dir'] / 'maswatch.db').as_posix()}"
    return secret.read_text(encoding="utf-8").strip()


class Settings(BaseModel):
    """Everything a site sets. Every path is absolute; `config` is the file that was read, if any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = None
    data_dir: Place = Field(default_factory=_own_folder)
    database_url_file: Place | None = None
    database_url: str = Field(default_factory=_store_of, min_length=1, repr=False)
    ward: Ward = Field(default_factory=Ward)
    schedule: Schedule = Field(default_factory=Schedule)
    source: Annotated[tuple[SourceSettings, ...], AfterValidator(_distinct)] = ()
    site_catalog: Place | None = None
    site_map: Place | None = None
    raw: Raw = Field(default_factory=Raw)
    channel: Annotated[tuple[ChannelSettings, ...], AfterValidator(_distinct), AfterValidator(_escalating)] = ()
    dashboard: Dashboard = Field(default_factory=Dashboard)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.ward.timezone)

    @property
    def log_file(self) -> Path:
        return self.data_dir / "log" / "maswatch.log"


def load_settings(
    *, config: Path | None = None, data_dir: Path | None = None, database_url: str | None = None
) -> Settings:
    """The settings of this call, machine and site. Raises SettingsError, which names the file and the key."""
    file = _config_file(config)
    written = _written(file) if file else {}
    arguments: dict[str, Any] = {"config": file, "data_dir": data_dir, "database_url": database_url}
    try:
        layers = _layers(written)(**{key: told for key, told in arguments.items() if told is not None})
    except ValidationError as error:
        raise SettingsError(_sentence(error, file, written)) from None
    except Unparsed as error:
        key = str(error).split('"')[1].upper()
        raise SettingsError(f"environment variable {PREFIX}{key} (or one of its parts) is not JSON.") from None
    except OSError as error:
        raise SettingsError(f"database_url_file: {error.filename} cannot be read: {error.strerror}.") from None
    settings = Settings.model_validate(layers.model_dump())
    kinds = {kind: tuple(_with_secrets(part, kind) for part in getattr(settings, kind)) for kind in SECRETS}
    for channel in kinds["channel"]:
        if not channel.url:
            raise SettingsError(
                f"channel {channel.name} has no address; set {_variable(channel.name, 'url')}, "
                "or name a file that holds it with url_file."
            )
    return settings.model_copy(update=kinds)


def _with_secrets(part: Any, kind: str) -> Any:
    told = {key: _secret(part, kind, key) for key in SECRETS[kind]}
    return part.model_copy(update={key: value for key, value in told.items() if value})


def _secret(part: Any, kind: str, key: str) -> str:
    named: Path | None = getattr(part, f"{key}_file")
    try:
        said = os.environ.get(_variable(part.name, key), "")
        return said or (named.read_text(encoding="utf-8").strip() if named else "")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{kind} {part.name}: {key}_file: {named} cannot be read.") from None


def _variable(source: str, key: str) -> str:
    return f"{PREFIX}SECRET_{re.sub(r'[^A-Z0-9]', '_', source.upper())}_{key.upper()}"


def foreign_variables() -> list[str]:
    """Environment variables that look like ours and mean nothing, usually a slip of the pen."""
    known = {PREFIX + key.upper() for key in Settings.model_fields}
    secret = f"{PREFIX}SECRET_"
    ours = (name for name in os.environ if name.startswith(PREFIX) and not name.startswith(secret))
    return sorted(name for name in ours if name.split("__")[0] not in known)


def _config_file(told: Path | None) -> Path | None:
    variable = os.environ.get(f"{PREFIX}CONFIG")
    file = told or (Path(variable) if variable else None)
    if file is None:
        beside = Path(CONFIG_NAME).absolute()
        return beside if beside.is_file() else None
    if file.is_dir() or not file.exists():
        who = "--config" if told else f"{PREFIX}CONFIG"
        raise SettingsError(f"{file} is no file; {who} has to name a {CONFIG_NAME}.")
    return file.absolute()


def _written(file: Path) -> dict[str, Any]:
    """What the file says, its paths relative to its own folder."""
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML in UTF-8: {error}.") from None
    if re.search(r"://[^/@]*:[^/@]+@", str(written.get("database_url", ""))):
        raise SettingsError(
            f"{file}: database_url holds a password; set {PREFIX}DATABASE_URL, or name a file with database_url_file."
        )
    parts = [(kind, part) for kind in SECRETS for part in written.get(kind, []) if isinstance(part, dict)]
    for part in [written, *(part for _, part in parts)]:
        _resolve(part, file.parent)
    for kind, part in parts:
        _refuse_secrets(kind, part, file)
    return written


def _refuse_secrets(kind: str, part: dict[str, Any], file: Path) -> None:
    for key in SECRETS[kind]:
        if key in part:
            name = part.get("name", "")
            raise SettingsError(
                f"{file}: {kind} {name} holds a {key}; set {_variable(str(name), key)}, or name a file with {key}_file."
            )


def _resolve(part: dict[str, Any], folder: Path) -> None:
    for key in PATHS & part.keys():
        if isinstance(part[key], str) and part[key]:
            part[key] = str(folder / Path(part[key]).expanduser())


def _layers(written: dict[str, Any]) -> type[Settings]:
    class Layers(Settings, BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, written)

    return Layers


def _sentence(error: ValidationError, file: Path | None, written: dict[str, Any]) -> str:
    first = error.errors(include_url=False)[0]
    place = [str(step) for step in first["loc"]]
    where, key = _layer(place, file, written), ".".join(place)
    if first["type"] == "extra_forbidden":
        return f"{where}: {key} is no key that is known here{_meant(place)}."
    return f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}."


def _layer(place: list[str], file: Path | None, written: dict[str, Any]) -> str:
    """Where the value at fault was written: the environment wins over the file, so it is asked first."""
    for steps in range(len(place), 0, -1):
        variable = PREFIX + "__".join(place[:steps]).upper()
        if os.environ.get(variable):
            return f"environment variable {variable}"
    return str(file) if file and place[0] in written else "command line"


def _meant(place: list[str]) -> str:
    groups: dict[str, type[BaseModel]] = {
        "ward": Ward, "schedule": Schedule, "source": SourceSettings, "raw": Raw,
        "channel": ChannelSettings, "dashboard": Dashboard,
    }  # fmt: skip
    known = (groups[place[0]] if len(place) > 1 else Settings).model_fields
    near = difflib.get_close_matches(place[-1], known, n=1)
    return f"; {near[0]} may be meant" if near else f"; there are {', '.join(sorted(known))}"
