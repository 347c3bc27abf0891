"""What doctor says of an address to listen on and of the files of TLS, before anybody sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monitoring.errors import SettingsError, SourceError
from monitoring.hl7.trying import try_listening
from monitoring.settings import SourceSettings

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def told(tmp_path: Path) -> SourceSettings:
    """A listener with a certificate of its own, valid for two months, which its clients need too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lis.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(BEGINS).not_valid_after(ENDS)
    certificate = builder.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (tmp_path / "lis.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "lis.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    return SourceSettings(
        name="lis",
        kind="hl7",
        listen="127.0.0.1:0",
        tls_certificate=tmp_path / "lis.pem",
        tls_key_file=tmp_path / "lis.key",
        tls_client_authority=tmp_path / "lis.pem",
    )


def tried(told: SourceSettings, now: datetime) -> list[str]:
    return try_listening(told, "127.0.0.1", 0, now)


def test_files_that_will_do_are_told_with_their_end(told: SourceSettings) -> None:
    said = tried(told, BEGINS)
    assert "is free" in said[0]
    assert said[1].endswith("lis.pem is valid until 01 Mar 2026.")
    assert said[-1] == "Only clients with a certificate of that authority are heard."


def test_a_certificate_that_ends_within_a_month_is_told_to_end_soon(told: SourceSettings) -> None:
    assert tried(told, ENDS - timedelta(days=31))[1].endswith("2026.")
    assert tried(told, ENDS - timedelta(days=29))[1].endswith("That is soon.")


def test_a_certificate_that_ran_out_is_a_fault(told: SourceSettings) -> None:
    with pytest.raises(SourceError, match="ran out on 01 Mar 2026; put a new certificate in its place"):
        tried(told, ENDS)


def test_a_key_that_cannot_be_read_is_a_fault(told: SourceSettings, tmp_path: Path) -> None:
    (tmp_path / "lis.key").write_text("no key")
    with pytest.raises(SettingsError, match="the certificate and its key cannot be used"):
        tried(told, BEGINS)


def test_an_address_of_another_machine_cannot_be_listened_on(told: SourceSettings) -> None:
    with pytest.raises(SourceError, match=r"192\.0\.2\.1:2575 cannot be listened on"):
        try_listening(told, "192.0.2.1", 2575, BEGINS)
