"""Who may listen in, and who may send: TLS for a listener, with certificates of the clients where they are wanted."""

from __future__ import annotations

import ssl

from monitoring.errors import SettingsError
from monitoring.settings import SourceSettings


def context_of(told: SourceSettings) -> ssl.SSLContext | None:
    """None where the source sets no certificate. Raises SettingsError."""
    if told.tls_certificate is None:
        if told.tls_key_file or told.tls_client_authority:
            raise SettingsError(f"source {told.name}: tls_certificate is missing beside the other keys of TLS.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(told.tls_certificate, told.tls_key_file, password=_nobody_types)
        if told.tls_client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(told.tls_client_authority)
    except (OSError, ValueError):
        files = (told.tls_certificate, told.tls_key_file, told.tls_client_authority)
        named = ", ".join(str(file) for file in files if file)
        raise SettingsError(
            f"source {told.name}: the certificate and its key cannot be used; each has to be a PEM file that may be "
            f"read, the key without a password and of this certificate: {named}."
        ) from None
    return context


def _nobody_types() -> str:
    return ""
