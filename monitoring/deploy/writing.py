"""
The files that `maswatch deploy` writes, filled with what this site's settings and this installation say.

A template stands in files/ under the name it is written by, with `.j2` behind it; any other file is written as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitoring.errors import DeployError
from monitoring.settings import Settings

FILES: Final = Path(__file__).with_name("files")
STATE: Final = Path("/var/lib")
HOMES: Final = ("/home", "/root", "/run/user")
UNNAMED: Final = "maswatch.hospital.example"  # of the names that are reserved for examples
PLAIN: Final = re.compile(r"[\w@+./:=,-]+")
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "systemd": ("maswatch.service", "maswatch-backup.service", "maswatch-backup.timer"),
    "container": ("Containerfile",),
    "proxy": ("nginx.conf", "Caddyfile"),
    "prometheus": ("prometheus.yml", "maswatch.rules.yml"),
    "grafana": ("grafana.json",),
    "security": ("security.md",),
    "upgrading": ("upgrading.md",),
}


@dataclass(frozen=True)
class Machine:
    """Where this runs. `user`: whom the program runs as. `port`: what the dashboard listens on, for this machine."""

    settings: Settings
    user: str = "maswatch"
    port: int = 8501
    python: Path = Path(sys.executable)

    @property
    def command(self) -> str:
        """The program beside the Python that runs now, and which settings it reads."""
        told = [str(self.python.with_name("maswatch"))]
        if self.settings.config:
            told += ["--config", str(self.settings.config)]
        else:
            told += ["--data-dir", str(self.settings.data_dir)]
        return " ".join(told)

    @property
    def name(self) -> str:
        """What readers type to reach the dashboard."""
        return urlsplit(self.settings.dashboard.url).hostname or UNNAMED

    @property
    def state(self) -> str:
        """The data folder as systemd makes it by itself; "" where it stands elsewhere."""
        folder = self.settings.data_dir
        return folder.relative_to(STATE).as_posix() if folder.is_relative_to(STATE) and folder != STATE else ""

    @property
    def drops(self) -> list[Path]:
        """The folders of feeds that are tidied into done/, where they lie beside the data."""
        feeds = [source.path for source in self.settings.source if source.path and source.after == "move"]
        return [folder for folder in feeds if not folder.is_relative_to(self.settings.data_dir)]

    @property
    def paths(self) -> list[Path]:
        told = [self.python, self.settings.config, self.settings.data_dir]
        return [*(path for path in told if path), *self.drops]

    @property
    def at_home(self) -> bool:
        """Whether anything it needs lies where ProtectHome would hide it."""
        return any(path.is_relative_to(home) for path in self.paths for home in HOMES)

    @property
    def asks_nobody(self) -> bool:
        """Whether whoever reaches the dashboard is the local user, without the site having said that this is meant."""
        return not self.settings.sign_in.provider and not self.settings.sign_in.open

    @property
    def on_server(self) -> bool:
        return not self.settings.database_url.startswith("sqlite")


def checked_user(name: str) -> str:
    """Raises DeployError for what no system takes as a user's name: it goes into files that root reads."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", name):
        raise DeployError(f"{name!r} is no name for a system's user; write one like maswatch.")
    return name


def written(kind: str, machine: Machine) -> dict[str, str]:
    """
    Name and text of each file of this kind; no backup units where the store is a server's.

    Raises DeployError for a path that would mean something else in one of them.
    """
    for path in machine.paths:
        if not PLAIN.fullmatch(str(path)):
            raise DeployError(f"{path} holds signs that mean something in a unit file; use plainer paths.")
    names = KINDS[kind][: 1 if kind == "systemd" and machine.on_server else None]
    return {name: _text(name, machine) for name in names}


def _text(name: str, machine: Machine) -> str:
    template = f"{name}.j2"
    if not (FILES / template).exists():
        return (FILES / name).read_text(encoding="utf-8")
    loader = FileSystemLoader(FILES)
    room = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    return room.get_template(template).render(machine=machine, settings=machine.settings, version=_version())


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
