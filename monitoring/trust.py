"""Whose certificates are trusted: those the machine trusts, a hospital's own among them, and the usual public ones."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Final

FILE: Final = "SSL_CERT_FILE"
OF_MACHINE: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")  # Debian's; Red Hat's


def trusted() -> ssl.SSLContext:
    """Of both: a machine may have none of its own."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def name_those_of_machine() -> None:
    """For what asks by itself, goes by certifi's list alone and takes no context: it heeds this variable."""
    found = next((place for place in OF_MACHINE if Path(place).is_file()), None)
    if found:
        os.environ.setdefault(FILE, found)


def untrusted(error: BaseException) -> bool:
    """Whether a certificate is at the bottom of it."""
    while under := error.__cause__ or error.__context__:
        error = under
    return isinstance(error, ssl.SSLError)
