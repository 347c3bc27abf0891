"""
How an export begins: what it is asked for, the header of what goes to stdout, and where the store is. It takes a
quarter of a second, in which another process can load what reads and judges.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import click

from monitoring.commands.exporting import FORMATS, STDOUT, WHO
from monitoring.commands.outlet import whole
from monitoring.commands.site import Asked, moment

if TYPE_CHECKING:
    from monitoring.exports.beginnings import Beginning
    from monitoring.exports.wanted import Wanted
    from monitoring.terms import Catalog

LARGE = 16 << 20  # bytes of a store that holds some ten thousands of values


@dataclass(frozen=True)
class Begun:
    """
    `wanted`: all but the cohort. `long`: reading takes longer than starting processes for it. `first`: what the first
    rows rest on, who are noted already.
    """

    wanted: Wanted
    catalog: Catalog
    url: str = field(repr=False)  # may hold a password
    long: bool
    first: Beginning | None = None


def begun(asked: Asked, out: str, how: str, told: dict[str, Any]) -> Begun:
    """`told`: the options. Raises what says that something is wrong with them, the settings or the catalog."""
    return (_beside(asked, out, how, told) if out == STDOUT else None) or _found(asked, out, how, told)


def _beside(*asked: Any) -> Begun | None:
    """
    By a copy of this process, which it leaves time to load the largest of what is needed next: the first row comes a
    quarter of a second earlier. None: there was none, or something is wrong, and is said by who looks again. Raises
    ParallelError where it was ended by somebody: whether the header stands there nobody knows then.
    """
    from monitoring.parallel import begun as started
    from monitoring.passing_on import beside

    if not (beside() and _is_a_file(sys.stdout)):
        return None
    try:
        with started(_tried, asked, [None], workers=1, ahead=0) as answers:
            import monitoring.exports.foremost  # noqa: F401

            return next(answers)
    except OSError:
        return None


def _is_a_file(told: TextIO) -> bool:
    """What else keeps in memory what is written to it would not see what a copy of this process writes."""
    try:
        return told.fileno() >= 0
    except OSError:
        return False


def _tried(asked: tuple[Any, ...], _: None) -> Begun | None:
    """Errors are for the process that can say them."""
    try:
        found = _found(*asked)
    except Exception:
        return None
    if asked[-1]["cohort"]:
        return found
    from monitoring.exports.beginnings import beginning
    from monitoring.exports.crew import without_pandas

    without_pandas()
    return replace(found, first=beginning(found.url, found.catalog, found.wanted, (WHO, doing(STDOUT, found.wanted))))


def doing(out: str, wanted: Wanted) -> str:
    """What is noted of those who are told."""
    return f"export {out}" + (" with names" if wanted.key is None else "")


def _found(asked: Asked, out: str, how: str, told: dict[str, Any]) -> Begun:
    from monitoring.disguise import own_key

    wanted = _wanted(asked, out, how, told)
    if wanted.key is not None:
        wanted = replace(wanted, key=own_key(asked.settings.data_dir))
    found = Begun(wanted, asked.catalog, asked.settings.database_url, _is_long(asked, wanted))
    if out == STDOUT:  # before anything large is loaded; and last, so that nothing can go wrong once it stands there
        _begin(asked, wanted)
    return found


def _wanted(asked: Asked, out: str, how: str, told: dict[str, Any]) -> Wanted:
    """All but the cohort; and, where nobody is named, the key."""
    from monitoring.exports.wanted import Wanted, checked

    if told["identified"]:
        _owned(asked)
    wanted = Wanted(
        as_of=_time(asked, told["as_of"]) or datetime.now(UTC),  # the cycle's clock would bring all that judges
        patients=told["patients"], analytes=_known_analytes(asked, told["analytes"]),
        start=_time(asked, told["start"]), end=_time(asked, told["end"]),
        align=checked(told["align"] or "", asked.catalog), key=None if told["identified"] else b"",
        grid_hours=told["grid_hours"], carry_hours=told["carry_hours"], versions=told["versions"], facts=told["facts"],
        partition=told["partition"] or "",
    )  # fmt: skip
    _fits(wanted, out, how)
    return wanted


def _begin(asked: Asked, wanted: Wanted) -> None:
    """The header, so that whoever reads it goes on."""
    from monitoring.exports.layouts import layout

    stdout = whole(sys.stdout.buffer)
    stdout.write(layout(asked.catalog).asked(facts=wanted.facts, versions=False)["labs"].header)
    stdout.flush()  # nothing of it is left to another process


def _is_long(asked: Asked, wanted: Wanted) -> bool:
    """Whether reading takes longer than starting processes for it; a server's store is taken for a large one."""
    if not wanted.facts or wanted.patients:
        return False
    from storage.place import bytes_at

    size = bytes_at(asked.settings.database_url)
    return size is None or size > LARGE


def _fits(wanted: Wanted, out: str, how: str) -> None:
    """Whether what was asked for goes together."""
    if wanted.facts and wanted.align not in ("", "first"):
        raise click.UsageError("--align rests on judgements, and --facts leaves them out; use one of the two.")
    if wanted.partition and how != "parquet":
        raise click.UsageError("--partition splits Parquet files: add --format parquet.")
    if out == STDOUT and how != FORMATS[0]:
        raise click.UsageError(f"{STDOUT} takes the laboratory values as csv; for {how} name a folder.")
    if wanted.start and wanted.end and wanted.start > wanted.end:
        raise click.UsageError("--from lies after --to.")


def _owned(asked: Asked) -> None:
    """Names go to whoever owns the data folder; others need the dashboard, where a person's role is known."""
    import os

    folder = asked.settings.data_dir
    if hasattr(os, "getuid") and folder.exists() and os.getuid() not in (0, folder.stat().st_uid):
        raise click.UsageError(
            f"--identified is for the owner of {folder}; ask them, or an admin on the Research view."
        )


def _time(asked: Asked, text: str | None) -> datetime | None:
    return moment(text, asked) if text else None


def _known_analytes(asked: Asked, told: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in told if name not in asked.catalog.analytes]
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is no analyte code; there are {', '.join(asked.catalog.analytes)}.")
    return told
