"""Whether people can sign in: does the provider answer, is it the one it is taken for, is there an admin at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from monitoring.people import members
from monitoring.settings_parts import DESCRIBED, SignIn
from monitoring.trust import trusted, untrusted
from storage.engine import Store

SECONDS: Final = 10
NEEDED: Final = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
FIRST: Final = 'maswatch people add "NAME" --email ADDRESS --role admin'
NO_CODE: Final = "asked-by-maswatch-doctor"
Found = tuple[bool, str]  # whether it is well, a sentence


def provider_found(told: SignIn) -> Iterator[Found]:
    """Nothing without a provider. Asks it what it can do, and whether it knows our secret."""
    if not told.provider:
        return
    import httpx  # which `maswatch doctor` of most wards has no need of

    try:
        answer = httpx.get(told.described_at, timeout=SECONDS, follow_redirects=True, verify=trusted())
        described: Any = answer.raise_for_status().json()
    except httpx.HTTPStatusError as error:
        yield False, f"{told.described_at} answers {error.response.status_code}; check [sign_in] provider."
        return
    except httpx.ConnectError as error:
        why = "shows a certificate that this machine does not trust" if untrusted(error) else "cannot be reached"
        yield False, f"{told.described_at} {why}; nobody can sign in until that is mended."
        return
    except (httpx.HTTPError, ValueError):
        yield False, f"{told.described_at} gives no answer that can be read; nobody can sign in until it does."
        return
    yield from _described(told, described if isinstance(described, dict) else {})


def admin_found(told: SignIn, store: Store, *, now: datetime) -> Iterator[Found]:
    if not told.provider:
        return
    known = [one for one in members(store, as_of=now) if one.role]
    if any("admin" in one.role.split() for one in known):
        yield True, f"{len(known)} {'person has' if len(known) == 1 else 'people have'} a role here."
    else:
        yield False, f"nobody is an admin, so nobody can let others in; run {FIRST}."


def _described(told: SignIn, described: dict[str, Any]) -> Iterator[Found]:
    missing = [name for name in NEEDED if not described.get(name)]
    wanted = told.described_at.removesuffix(DESCRIBED)
    if missing:
        yield False, f"{wanted} does not say its {', '.join(missing)}; it may be no OpenID Connect provider."
    elif str(described["issuer"]).rstrip("/") != wanted.rstrip("/"):
        yield False, f"{wanted} calls itself {described['issuer']}; write that as [sign_in] provider."
    elif told.secret and _secret_refused(told, str(described["token_endpoint"])):
        yield False, f"{wanted} does not take our secret; compare [sign_in] client_id and secret_file with what it has."
    else:
        yield True, f"{wanted} answers; it is to lead people back to …/oauth2callback."


def _secret_refused(told: SignIn, endpoint: str) -> bool:
    """Who knows us refuses a code that cannot be for itself, invalid_grant; else invalid_client (RFC 6749, 5.2)."""
    import httpx

    asked = {"grant_type": "authorization_code", "code": NO_CODE, "redirect_uri": told.provider}
    try:
        answer = httpx.post(endpoint, data=asked, auth=(told.client_id, told.secret), timeout=SECONDS, verify=trusted())
        said: Any = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False  # it says nothing of the secret
    return isinstance(said, dict) and said.get("error") == "invalid_client"
