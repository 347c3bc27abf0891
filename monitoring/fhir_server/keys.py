"""The private key of a SMART Backend Services client, and what it signs: RS384 with RSA, ES384 with the curve P-384."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from monitoring.errors import SettingsError

ASSERTION_SECONDS = 240  # SMART App Launch 2: no more than five minutes
CURVE = "P-384"


@dataclass(frozen=True)
class Signer:
    """`key_id`: by which the server finds the public half."""

    key: RSAKey | ECKey
    key_id: str

    @property
    def algorithm(self) -> str:
        return "RS384" if isinstance(self.key, RSAKey) else "ES384"

    def assertion(self, client_id: str, audience: str, now: datetime) -> str:
        """Says to `audience` who we are; valid for a few minutes and once."""
        until = int((now + timedelta(seconds=ASSERTION_SECONDS)).timestamp())
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "exp": until, "jti": secrets.token_urlsafe(24)}
        header = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


def signer(source: str, file: Path, key_id: str) -> Signer:
    """From a PEM file, a JWK, or a JWK Set. Raises SettingsError, which never quotes the file."""
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"source {source}: key_file: {file} cannot be read.") from None
    key, named = _of_json(content, key_id) if content.lstrip().startswith("{") else (_imported(content), "")
    if key is None or not key.is_private or (isinstance(key, ECKey) and key.curve_name != CURVE):
        raise SettingsError(
            f"source {source}: key_file: {file} holds no private RSA key and none of the curve {CURVE}, as PEM or JWK."
        )
    return Signer(key, key_id or named or key.thumbprint())


def _of_json(content: str, key_id: str) -> tuple[RSAKey | ECKey | None, str]:
    """The key called `key_id`, else the first private one."""
    try:
        told = json.loads(content)
    except ValueError:
        return None, ""
    entries = [one for one in told.get("keys", [told]) if isinstance(one, dict) and "d" in one]
    named = [one for one in entries if not key_id or one.get("kid", key_id) == key_id]
    return (_imported(named[0]), str(named[0].get("kid", ""))) if named else (None, "")


def _imported(told: Any) -> RSAKey | ECKey | None:
    for kind in (RSAKey, ECKey):
        try:
            return kind.import_key(told)
        except (JoseError, ValueError, TypeError):
            continue
    return None
