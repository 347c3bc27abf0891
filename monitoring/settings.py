"""
What a site sets: arguments, else environment (MASWATCH_…), else maswatch.toml, else defaults. The only reader of both.

`Settings` itself reads nothing, so that a process can hand its own to another one and a test can write them down.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as Unparsed

from monitoring.errors import SettingsError
from monitoring.settings_parts import (
    ChannelSettings,
    Dashboard,
    Keep,
    Log,
    Place,
    Raw,
    Schedule,
    SignIn,
    SourceSettings,
    Ward,
    distinct,
    escalating,
)

__all__ = [
    "ChannelSettings", "Settings", "SignIn", "SourceSettings", "Ward", "foreign_variables", "load_settings",
    "name_certificates",
]  # fmt: skip

PREFIX = "MASWATCH_"
CONFIG_NAME = "maswatch.toml"
PATHS = frozenset((
    "data_dir", "database_url_file", "site_catalog", "site_map", "path", "password_file", "token_file", "key_file",
    "tls_certificate", "tls_key_file", "tls_client_authority", "url_file", "secret_file",
))  # fmt: skip
# Of a source or a channel: MASWATCH_SECRET_<NAME>_PASSWORD and so on, else the file named beside it.
SECRETS = {"source": ("password", "token"), "channel": ("url",)}
SIGN_IN_SECRET = f"{PREFIX}SECRET_SIGN_IN"
CERTIFICATES = "SSL_CERT_FILE"


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
    source: Annotated[tuple[SourceSettings, ...], AfterValidator(distinct)] = ()
    site_catalog: Place | None = None
    site_map: Place | None = None
    raw: Raw = Field(default_factory=Raw)
    keep: Keep = Field(default_factory=Keep)
    channel: Annotated[tuple[ChannelSettings, ...], AfterValidator(distinct), AfterValidator(escalating)] = ()
    dashboard: Dashboard = Field(default_factory=Dashboard)
    sign_in: SignIn = Field(default_factory=SignIn)
    log: Log = Field(default_factory=Log)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.ward.timezone)

    @property
    def log_file(self) -> Path:
        return self.data_dir / "log" / "maswatch.log"


def name_certificates() -> None:
    """Those of the machine, for what asks by itself and takes no context of ours: it heeds this variable."""
    from monitoring.trust import of_machine  # which loads what few commands need

    if found := of_machine():
        os.environ.setdefault(CERTIFICATES, found)


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
    return settings.model_copy(update=kinds | {"sign_in": _with_its_secret(settings.sign_in)})


def _with_its_secret(told: SignIn) -> SignIn:
    """The sign-in with what the provider knows this site by. Raises SettingsError where that is missing."""
    if not told.provider:
        return told
    try:
        file = told.secret_file.read_text(encoding="utf-8").strip() if told.secret_file else ""
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"sign_in: secret_file: {told.secret_file} cannot be read.") from None
    secret = os.environ.get(SIGN_IN_SECRET) or told.secret or file
    if not secret:
        raise SettingsError(
            f"sign_in has no secret; set {SIGN_IN_SECRET}, or name a file that holds it with secret_file."
        )
    return told.model_copy(update={"secret": secret})


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
    told = written.get("sign_in")
    sign_in: dict[str, Any] = told if isinstance(told, dict) else {}
    for part in [written, sign_in, *(part for _, part in parts)]:
        _resolve(part, file.parent)
    if "secret" in sign_in:
        raise SettingsError(
            f"{file}: sign_in holds a secret; set {SIGN_IN_SECRET}, or name a file that holds it with secret_file."
        )
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
        "ward": Ward, "schedule": Schedule, "source": SourceSettings, "raw": Raw, "keep": Keep,
        "channel": ChannelSettings, "dashboard": Dashboard, "sign_in": SignIn, "log": Log,
    }  # fmt: skip
    known = (groups[place[0]] if len(place) > 1 else Settings).model_fields
    near = difflib.get_close_matches(place[-1], known, n=1)
    return f"; {near[0]} may be meant" if near else f"; there are {', '.join(sorted(known))}"
