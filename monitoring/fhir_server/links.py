"""Where the server is, and which of the addresses that it names may be asked: none of another origin."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from monitoring.errors import SettingsError

REFERENCE = re.compile(r"(?<![^/])[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}$")
WEB = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Base:
    """`url` without a slash at its end."""

    url: httpx.URL

    @classmethod
    def of(cls, source: str, told: str) -> Base:
        """Raises SettingsError where it is no address of a server."""
        try:
            url = httpx.URL(told.strip().rstrip("/"))
        except (httpx.InvalidURL, TypeError):
            raise SettingsError(f"source {source}: url is no web address; write one like https://host/fhir.") from None
        if url.scheme not in WEB or not url.host:
            raise SettingsError(f"source {source}: url is no web address; write one like https://host/fhir.")
        if url.userinfo:
            raise SettingsError(f"source {source}: url holds a user or password; set user, and the password beside it.")
        return cls(url.copy_with(query=None, fragment=None))

    def below(self, path: str) -> httpx.URL:
        return httpx.URL(f"{self.url}/{path}") if path else self.url

    def redirected(self, here: httpx.URL, told: str) -> httpx.URL | None:
        """Where an answer sends us; None where that is another origin."""
        url = _joined(here, told)
        return url if url is not None and origin(url) == origin(self.url) else None

    def following(self, here: httpx.URL, told: str) -> httpx.URL | None:
        """
        A `next` link as it may be asked; None where it leads elsewhere.

        A server behind a proxy writes the address that it believes to have: the same path is asked of the address that
        we know, if it lies below the server's own.
        """
        url = _joined(here, told)
        if url is None or origin(url) == origin(self.url):
            return url
        inside = url.path == self.url.path or url.path.startswith(f"{self.url.path.rstrip('/')}/")
        return url.copy_with(scheme=self.url.scheme, netloc=self.url.netloc) if inside else None


def named(reference: str) -> str:
    """ "Patient/1" of a literal reference, however it is written; "" for one that names no resource."""
    found = REFERENCE.search(reference.partition("/_history/")[0])
    return found.group() if found else ""


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or WEB.get(url.scheme)


def shown(url: httpx.URL) -> str:
    """Scheme, host and port alone: a path or query may name a patient."""
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"


def _joined(here: httpx.URL, told: str) -> httpx.URL | None:
    try:
        return here.join(told)
    except httpx.InvalidURL:
        return None
