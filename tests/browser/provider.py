"""An OpenID Connect provider on this machine, a process of its own, and a ward that signs in through it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.monitoring.command_line import quietly
from tests.servers import free_port
from tests.stories.served import Served, until

CONTACT = "the ward office"
PEOPLE: Mapping[str, tuple[str, str]] = {
    "ada": ("Dr Ada Sommer", "admin"),
    "cleo": ("Dr Cleo Winter", "clinician"),
    "vera": ("Vera Frost", "viewer"),
    "rob": ("Rob Lenz", "researcher"),
}


@contextmanager
def provider(*subjects: str) -> Iterator[str]:
    """The address of one that knows these people, and lets each of them in without a password."""
    port = free_port()
    known = [part for subject in subjects for part in ("--user-claims", json.dumps({"sub": subject, "name": subject}))]
    # it warns on import of what a library of its own will drop
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "-n", "true", *known]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/.well-known/openid-configuration"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def guarded(folder: Path) -> Iterator[str]:
    """The address of the ward in `folder`, where PEOPLE have a role and "eve" is known to the provider alone."""
    with provider(*PEOPLE, "eve") as address:
        (folder / "secret").write_text("between us")
        config = folder / "maswatch.toml"
        config.write_text(
            f'{config.read_text()}[sign_in]\nprovider = "{address}"\nclient_id = "maswatch"\nsecret_file = "secret"\n'
            f'contact = "{CONTACT}"\n'
        )
        for subject, (name, role) in PEOPLE.items():
            quietly(config, "people", "add", name, "--subject", subject, "--role", role)
        served = Served(folder, "--no-schedule")
        try:
            yield served.address
        finally:
            served.end()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except OSError:
        return False
