"""Whose certificates are trusted: those the machine trusts, a hospital's own among them, and the usual public ones."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

OF_MACHINE: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")  # Debian's; Red Hat's


def trusted() -> ssl.SSLContext:
    """Of both: a machine may have none of its own."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def of_machine() -> str:
    """The file with the machine's own list; "" where there is none."""
    return next((place for place in OF_MACHINE if Path(place).is_file()), "")


def untrusted(error: BaseException) -> bool:
    """Whether a certificate is at the bottom of it."""
    while under := error.__cause__ or error.__context__:
        error = under
    return isinstance(error, ssl.SSLError)
