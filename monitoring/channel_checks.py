"""Whether a channel would take a message: its address is read, its host is rung, and nothing is sent unless asked."""

from __future__ import annotations

import socket
from typing import Any, Final

from monitoring.errors import MessageError
from monitoring.notify import through_apprise
from monitoring.settings import ChannelSettings

RING_SECONDS: Final = 5.0
TRIAL: Final = "maswatch: a trial message from maswatch doctor. No flag stands behind it."
PORTS: Final = {True: 443, False: 80}
# whose address names a host; that of a chat service is made of its keys, and is told to nobody
OWN_HOST: Final = {"NotifyEmail": "smtp_host", "NotifyJSON": "host", "NotifyXML": "host", "NotifyForm": "host"}


def tried(channel: ChannelSettings, *, send: bool) -> str:
    """What was found, in a sentence. Raises MessageError when the channel would not take a message, or did not."""
    service = _service(channel.url)
    if send:
        through_apprise(channel.url, TRIAL)
        return f"{channel.name}: took a trial message by {service.service_name}."
    host, port = _place(service)
    if not host:
        return f"{channel.name}: its address is one of {service.service_name}; `maswatch doctor --send` tries it."
    _ring(host, port)
    return f"{channel.name}: {service.service_name} at {host}:{port} answers; `maswatch doctor --send` sends a trial."


def _service(url: str) -> Any:
    import apprise  # slow to import, and most sites have no channel

    service = apprise.Apprise.instantiate(url)
    if service is None:
        raise MessageError("The address is none that is known; look it up in the list of services of apprise.")
    return service


def _place(service: Any) -> tuple[str, int]:
    """Where the service listens; no host where apprise alone knows it."""
    host = getattr(service, OWN_HOST.get(type(service).__name__, ""), "") or ""
    return str(host), int(getattr(service, "port", 0) or PORTS[bool(getattr(service, "secure", False))])


def _ring(host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), timeout=RING_SECONDS).close()
    except OSError as error:
        raise MessageError(f"{host}:{port} does not answer: {error.strerror or 'no connection'}.") from None
