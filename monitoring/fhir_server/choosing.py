"""Which patients a source is asked about: a list, a Group, those who lie at a location, a search, or everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from monitoring.errors import SettingsError
from monitoring.fhir.nodes import Node, child, children, text
from monitoring.fhir_server.asking import Asking, Params
from monitoring.fhir_server.capabilities import Offered
from monitoring.fhir_server.links import named
from monitoring.fhir_server.pages import Page
from monitoring.fhir_server.searches import IDS_AT_ONCE, parts, since
from monitoring.fhir_server.walking import all_pages
from monitoring.settings import SourceSettings

OVER = frozenset(("entered-in-error", "cancelled", "planned"))
PATIENT = "Patient/"


def chosen(asking: Asking, offered: Offered, now: datetime) -> list[str] | None:
    """Their ids, sorted; those of all the ways that are set. None: everybody that the server has."""
    told = asking.told
    if not (told.patients or told.group or told.location or told.patient_query):
        return None
    found = {*_listed(asking), *_members(asking), *_lying(asking, offered, now), *_queried(asking)}
    return sorted(found)


def query(told: SourceSettings) -> dict[str, list[str]]:
    """patient_query as parameters, with or without "Patient?" before it. Raises SettingsError where it is none."""
    plain = told.patient_query.strip().removeprefix("Patient").removeprefix("?")
    try:
        return parse_qs(plain, keep_blank_values=True, strict_parsing=True) if plain else {}
    except ValueError:
        raise SettingsError(
            f"source {told.name}: patient_query is no search; write one like organization=12&active=true."
        ) from None


def _listed(asking: Asking) -> Iterator[str]:
    """As they are called here: by their id, or by the identifier that the source is told to know them by."""
    told = [one.strip().removeprefix(PATIENT) for one in asking.told.patients]
    if not asking.told.identifier_system:
        yield from told
        return
    for some in parts(told, IDS_AT_ONCE):
        tokens = ",".join(f"{asking.told.identifier_system}|{one}" for one in some)
        yield from _found(asking, "Patient", {"identifier": tokens})


def _members(asking: Asking) -> Iterator[str]:
    if not asking.told.group:
        return
    name = asking.told.group.removeprefix("Group/")
    group = asking.read(f"Group/{name}", "the Group of the source").node
    staying = [one for one in children(group, "member") if one.get("inactive") is not True]
    yield from _patients(child(one, "entity") for one in staying)


def _lying(asking: Asking, offered: Offered, now: datetime) -> Iterator[str]:
    """Also those who left in the days that a first poll reaches back: their results may still be corrected."""
    if not asking.told.location:
        return
    window = {"date": since(now - timedelta(days=asking.told.first_days))} if offered.by("Encounter", "date") else {}
    for page in _pages(asking, "Encounter", {"location": asking.told.location} | window):
        stays = [one for one in page.resources if text(one, "status") not in OVER]
        yield from _patients(child(one, "subject") for one in stays)


def _queried(asking: Asking) -> Iterator[str]:
    wanted = query(asking.told)
    return _found(asking, "Patient", wanted) if wanted else iter(())


def _found(asking: Asking, kind: str, params: Params) -> Iterator[str]:
    for page in _pages(asking, kind, params):
        yield from (text(one, "id") for one in page.resources if text(one, "resourceType") == kind)


def _pages(asking: Asking, kind: str, params: Params) -> Iterator[Page]:
    return all_pages(asking, kind, {"_count": str(asking.told.page_size)} | dict(params))


def _patients(references: Iterable[Node]) -> Iterator[str]:
    names = (named(text(one, "reference")) for one in references)
    yield from (name.removeprefix(PATIENT) for name in names if name.startswith(PATIENT))
