"""The parts of what a site sets, as they stand in maswatch.toml; nothing here reads a file or the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import tzlocal
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_settings import NoDecode

from monitoring.wall_times import time_of_day

# What a source's name would be taken for, in the runs and in what `schedule --once` prints.
RESERVED: Final = ("assessed", "cycle", "error", "ingest", "judging")
DESCRIBED: Final = "/.well-known/openid-configuration"
LogFormat = Literal["text", "json"]
ROLES: Final = ("viewer", "clinician", "researcher", "admin")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin") from None
    return name


def absolute(path: Path) -> Path:
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


def distinct(told: tuple[Any, ...]) -> tuple[Any, ...]:
    names = [getattr(entry, "name", entry) for entry in told]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there twice; each may stand once")
    return told


def _from_to(told: tuple[str, ...]) -> tuple[str, ...]:
    if told and (len(told) != 2 or told[0] == told[1]):
        raise ValueError('quiet hours have a beginning and another end, like ["22:00", "07:00"]')
    return told


def _guarded(url: str) -> str:
    """Over plain http anybody on the way could sign in as anybody; on this machine itself there is no way."""
    if url.startswith("http://") and urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("a provider on another machine is reached over https")
    return url


def known_roles(told: str) -> str:
    """One role or several, apart by a space, each once and in our order. Raises ValueError for any other word."""
    words = told.replace(",", " ").split()
    wrong = [word for word in words if word not in ROLES]
    if wrong or not words:
        raise ValueError(f"{' '.join(wrong)!r} is no role; there are {', '.join(ROLES)}")
    return " ".join(role for role in ROLES if role in words)


Place = Annotated[Path, AfterValidator(absolute)]
WallTime = Annotated[str, BeforeValidator(_wall_time)]
WallTimes = Annotated[tuple[WallTime, ...], NoDecode, BeforeValidator(_listed), AfterValidator(distinct)]
Roles = Annotated[str, AfterValidator(known_roles)]
Minutes = Annotated[float, Field(gt=0)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def machine_zone() -> str:
    """The zone this machine is set to, where it has a name; else UTC."""
    try:
        return _known_zone(tzlocal.get_localzone_name())
    except (KeyError, ValueError, OSError):
        return "UTC"


class Ward(Part):
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(default_factory=machine_zone)
    name: str = ""


class Raw(Part):
    """How long what sources sent is kept as it came, after it was read."""

    keep_days: float = Field(default=90, ge=0)


class Keep(Part):
    """How many years the discharged are kept after they were last heard of; without it for ever."""

    years: float | None = Field(default=None, gt=0)


class Log(Part):
    """How what runs for long writes its log: lines to read, or one JSON object a line for a log collector."""

    format: LogFormat = "text"


class Schedule(Part):
    """
    `at`: when the cycle runs, ward time. `retry_minutes`: waits after failures. `tick_minutes`: between looks.
    `judges`: processes that judge together from so many patients on (`judges_from`); 0: one a core, four at most.
    """

    at: WallTimes = Field(default=("06:00", "18:00"), min_length=1)
    retry_minutes: Annotated[tuple[Minutes, ...], NoDecode, BeforeValidator(_listed)] = (2, 5, 15, 30)
    tick_minutes: Minutes = Field(default=5, le=60)
    judges: int = Field(default=0, ge=0, le=16)
    judges_from: int = Field(default=300, ge=1)


class SourceSettings(Part):
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
    most_megabytes_at_once: float = Field(default=256, gt=0)
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
    bulk: bool = False
    page_size: int = Field(default=200, ge=1)
    poll_minutes: Minutes = 15
    timeout_seconds: float = Field(default=30, gt=0)


class ChannelSettings(Part):
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


class Dashboard(Part):
    """
    `url`: where its readers reach the dashboard; messages link to it, and the sign-in provider leads back to it.
    `units`: what a patient's values are told in unless a reader chooses others; rules always judge in ours.
    """

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    units: Literal["conventional", "us", "si"] = "conventional"


class SignIn(Part):
    """
    Who may see the dashboard is told by an OpenID Connect provider; what they may do stands in the store.

    `claim`: what people are registered by here, where that is neither the provider's `sub` nor an address it has
    verified. `role_claim` and `roles`: roles by what the provider says of somebody who is not registered. `kiosks`:
    viewers on a wall screen, who are not locked out when nobody touches it. `contact`: whom a stranger should ask.
    `open`: without a provider, whoever reaches the dashboard may do everything, from other machines too.
    """

    provider: Annotated[str, Field(pattern=r"^(https?://\S+)?$"), AfterValidator(_guarded)] = ""
    client_id: str = ""
    secret: str = Field(default="", repr=False)
    secret_file: Place | None = None
    claim: str = ""
    role_claim: str = ""
    roles: dict[str, Roles] = {}
    prompt: Literal["", "login", "select_account"] = "login"
    idle_minutes: Minutes = 15
    most_hours: Annotated[float, Field(gt=0)] = 12
    kiosks: tuple[str, ...] = ()
    contact: str = ""
    open: bool = False

    @property
    def described_at(self) -> str:
        """Where the provider says of itself what it can do."""
        told = self.provider.rstrip("/")
        return told if told.endswith(DESCRIBED) else told + DESCRIBED

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.provider and not self.client_id:
            raise ValueError("a provider needs a client_id, by which it knows this site")
        if self.provider and self.open:
            raise ValueError("either a provider, or open = true; not both")
        return self


def escalating(told: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
    names = {channel.name for channel in told}
    for channel in told:
        if bool(channel.escalate_to) != (channel.escalate_minutes is not None):
            raise ValueError(f"{channel.name} needs both escalate_minutes and escalate_to, or neither")
        if channel.escalate_to and channel.escalate_to not in names - {channel.name}:
            raise ValueError(f"{channel.name} escalates to {channel.escalate_to!r}, which is no other channel")
    return told
