"""What the browser brings along: Streamlit's signed word of who signed in, and our slip of when it was last touched."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.sign_ins import Slip

SLIP: Final = "maswatch_touched"
WANTED: Final = "maswatch_wanted"
SECRET_FILE: Final = "cookie.key"


def own_secret(data_dir: Path) -> str:
    """What this installation signs cookies with, made at first use, readable by its owner only."""
    path = data_dir / SECRET_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return path.read_text(encoding="ascii")


def claims_of(cookies: Mapping[str, str], secret: str) -> dict[str, Any]:
    """What the provider said of whoever signed in; empty for nobody, and for a cookie that was not made here."""

    def single(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1", "replace")) if value else None

    whole = get_cookie_with_chunks(single, USER_COOKIE_NAME)
    told = json.loads(whole) if whole else {}
    return told if isinstance(told, dict) else {}


def slip_written(name: str, slip: Slip, secret: str) -> str:
    told = json.dumps([name, slip.began_at.timestamp(), slip.touched_at.timestamp()])
    return create_signed_value(secret, SLIP, told).decode("ascii")


def slip_of(cookies: Mapping[str, str], name: str, secret: str) -> Slip | None:
    """None without one, and for one that is not ours or of another sign-in."""
    told = decode_signed_value(secret, SLIP, cookies.get(SLIP, "").encode("latin-1", "replace"))
    if told is None:
        return None
    whose, *moments = json.loads(told)
    return Slip(*(datetime.fromtimestamp(moment, UTC) for moment in moments)) if whose == name else None
