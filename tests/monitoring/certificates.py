"""Certificates of an authority that no machine knows, written as PEM files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certify(folder: Path) -> None:
    """ca.pem, and server and client that it vouches for on localhost: .pem and .key."""
    authority, key = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]), _key(folder, "ca")
    root = _certificate(authority, key).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    root = root.add_extension(_signing(), critical=True)
    _written(folder, "ca", root.issuer_name(authority).sign(key, hashes.SHA256()))
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    for name in ("server", "client"):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        host = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        made = _certificate(subject, _key(folder, name)).add_extension(host, critical=False)
        made = made.add_extension(above, critical=False)
        _written(folder, name, made.issuer_name(authority).sign(key, hashes.SHA256()))


def _signing() -> x509.KeyUsage:
    """Python 3.13 takes nobody for an authority who does not say so."""
    others = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others += ("encipher_only", "decipher_only")
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **dict.fromkeys(others, False))


def _certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # TLS itself looks at the clock
    made = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))


def _key(folder: Path, name: str) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *kind))
    return key


def _written(folder: Path, name: str, certificate: x509.Certificate) -> None:
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
