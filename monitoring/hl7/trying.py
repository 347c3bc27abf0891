"""A first look at an address that is to be listened on: whether it is free, and whether the files of TLS will do."""

from __future__ import annotations

import errno
import socket
from datetime import datetime, timedelta
from pathlib import Path

from monitoring.errors import SourceError
from monitoring.hl7.tls import context_of
from monitoring.settings import SourceSettings

SOON = timedelta(days=30)
TAKEN = "Something already listens at {}:{}, which is right while `maswatch serve` or `maswatch receive` is running."
FREE = "{}:{} is free; messages are taken there once `maswatch serve` or `maswatch receive` runs."


def try_listening(told: SourceSettings, host: str, port: int, now: datetime) -> list[str]:
    """In sentences. Raises SourceError or SettingsError where nobody could be heard there."""
    said = [_address(told, host, port)]
    if context_of(told) is None:
        return [*said, "Without TLS: whoever reaches the port can send, and whoever listens on the way can read."]
    files = [told.tls_certificate, told.tls_client_authority]
    said += [_certificate(told, file, now) for file in files if file]
    who = "Only clients with a certificate of that authority are heard." if told.tls_client_authority else ""
    return [*said, *filter(None, [who])]


def _address(told: SourceSettings, host: str, port: int) -> str:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return FREE.format(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return TAKEN.format(host, port)
        why = error.strerror or "the address is not known"
        raise SourceError(f"source {told.name}: {host}:{port} cannot be listened on: {why}.") from None


def _certificate(told: SourceSettings, file: Path, now: datetime) -> str:
    """The first of the file to run out counts."""
    from cryptography.x509 import load_pem_x509_certificates  # takes longer to load than the rest of a feed

    ends = min(one.not_valid_after_utc for one in load_pem_x509_certificates(file.read_bytes()))
    if ends <= now:
        raise SourceError(f"source {told.name}: {file} ran out on {ends:%d %b %Y}; put a new certificate in its place.")
    soon = " That is soon." if ends - now < SOON else ""
    return f"{file} is valid until {ends:%d %b %Y}.{soon}"
