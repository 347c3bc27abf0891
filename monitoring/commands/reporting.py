"""A cohort as one page of figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitoring.commands.site import Asked, asked, moment
from monitoring.sentences import counted

if TYPE_CHECKING:
    from monitoring.report.courses import Courses


@click.command()
@click.argument("source", metavar="DIR|COHORT")
@click.option("--out", type=click.Path(path_type=Path), default="report.html", show_default=True, help="The page.")
@click.option("--title", default="", help="Its heading; default: the cohort's title or name.")
@click.option("--as-of", "as_of", metavar="TIME", help="Of a cohort: as it was known then; default: now.")
@asked
def report(asked: Asked, source: str, out: Path, title: str, as_of: str | None) -> None:
    """Flow, completeness, trajectories by response, time to second line and flag burden of an export or a cohort."""
    from monitoring.exports.fields import layout
    from monitoring.report.courses import of_folder
    from monitoring.report.page import write

    if out.is_dir() or not out.parent.is_dir():
        raise click.UsageError(f"{out} cannot be written; name a file in a folder that is there.")
    folder = Path(source)
    if folder.is_dir():
        courses = of_folder(folder, layout(asked.catalog))
    else:
        courses, heading = _of_cohort(asked, source, as_of)
        title = title or heading
    written = write(courses, asked.catalog, out, title or f"Report on {folder.name}")
    click.echo(f"Written: {out} and {counted(len(written) - 1, 'file')} in {out.with_suffix('')}.", err=True)


def _of_cohort(asked: Asked, name: str, as_of: str | None) -> tuple[Courses, str]:
    from monitoring.clock import wall_clock
    from monitoring.commands.exporting import of_cohort
    from monitoring.commands.progress import Progress
    from monitoring.disguise import own_key
    from monitoring.exporting import Wanted, exported
    from monitoring.exports.about import About, described
    from monitoring.report.courses import NEEDED, heard, of_parts
    from storage.writes import record_access

    now = wall_clock()
    moment_asked = moment(as_of, asked) if as_of else now
    cohort = of_cohort(asked, name, moment_asked)
    key = own_key(asked.settings.data_dir)
    wanted = Wanted(as_of=moment_asked, key=key, cohort=cohort)
    record_access(asked.store, now, "command line", f"report {cohort.called}", ["*"])
    with Progress("patients judged") as shown:
        parts = heard(exported(asked.store, asked.catalog, wanted, tuple(NEEDED)), shown.add)
        courses = of_parts(parts, described(About(wanted, asked.catalog, "report")))
    return courses, cohort.title or cohort.called
