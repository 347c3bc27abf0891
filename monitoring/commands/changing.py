"""Before a rule is changed: whether its golden courses still hold, and what it would have raised until now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitoring.commands.site import Asked, Printer, moment, prints
from monitoring.commands.trying import Hours
from monitoring.sentences import counted

if TYPE_CHECKING:
    from monitoring.analysis.course import Course
    from monitoring.golden import Tried
    from monitoring.shadowing import Shadowed
    from monitoring.terms import Catalog

GOLDEN = ["rule", "version", "courses", "state", "sentence"]
BRIEF = [
    "flag", "raised_active", "raised_changed", "more", "fewer", "earlier", "earlier_hours", "later", "later_hours",
    "patients",
]  # fmt: skip
DIFFERING = ["patient_id", "flag", "how", "active_at", "changed_at", "active_severity", "changed_severity"]
CHANGED = ["rule", "parameter", "active", "changed"]
NOTHING_TRIED = (
    "No rule runs in the shadow: name a SITE_FILE, or write `shadow = true` beside a rule's numbers in the site's own."
)
EXISTING = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--rules", type=EXISTING, metavar="FILE", help="A site's file to try instead of the active one.")
@click.option("--courses", type=FOLDER, metavar="DIR", help="Golden courses of your own, one file <rule>.toml a rule.")
@prints
def golden(printer: Printer, rules: Path | None, courses: Path | None) -> None:
    """Try the golden courses of every rule on the active rules, the site's own numbers included."""
    from monitoring.golden import FOLDER as OURS
    from monitoring.golden import golden_courses, tried

    catalog = _changed(printer.asked, rules) if rules else printer.asked.catalog
    told = tried(golden_courses(catalog, courses or OURS), catalog)
    printer.rows(_by_rule(told, catalog), GOLDEN, brief=GOLDEN[:-1])
    if printer.how == "table":
        for one in told:
            for fault in one.faults:
                click.echo(f"\n{one.golden.rule}: {one.golden.title}: {fault}.\n  Why: {one.golden.why}.")
    if any(one.faults for one in told):
        click.get_current_context().exit(1)


def _changed(asked: Asked, path: Path) -> Catalog:
    from monitoring.shadowing import changed_catalog

    return changed_catalog(path, asked.settings.site_catalog)


def _by_rule(told: Iterable[Tried], catalog: Catalog) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for one in told:
        code = one.golden.rule
        row = rows.setdefault(
            code,
            {"rule": code, "version": catalog.rules[code].version, "courses": 0, "state": "passes", "sentence": ""},
        )
        row["courses"] += 1
        if one.faults:
            said = f"{one.golden.title}: {'; '.join(one.faults)}"
            row |= {"state": "fails", "sentence": "; ".join(filter(None, [row["sentence"], said]))}
    return list(rows.values())


@click.command()
@click.argument("path", metavar="[SITE_FILE]", type=EXISTING, required=False)
@click.option("--since", metavar="DATE", help="Look at what was raised from then on; default: everything stored.")
@click.option("--every", type=Hours(), default="12h", show_default=True, help="Time between two judgements.")
@click.option("--on", "folder", type=FOLDER, metavar="DIR", help="Recorded courses instead of the store.")
@click.option("--as-issued", is_flag=True, help="Facts count from their issue: for history that was taken in at once.")
@click.option("--patients", is_flag=True, help="Name the patients of whom anything differs.")
@prints
def shadow(printer: Printer, path: Path | None, patients: bool, **asked: Any) -> None:
    """
    Run changed rules beside the active ones over what is stored, and count what they would have raised.

    SITE_FILE is a site's file as `site_catalog` names it, or a folder of changed knowledge files. Without one: the
    rules that the site's own file has set to `shadow = true`.
    """
    from monitoring.shadowing import Stretch, shadowed

    changed = _changed(printer.asked, path) if path else _tried(printer.asked)
    since = moment(asked["since"], printer.asked) if asked["since"] else None
    course = _course(printer, asked["folder"], issued=asked["as_issued"])
    over = Stretch(since, printer.as_of, asked["every"])
    told = shadowed(course, printer.asked.catalog, changed, over=over)
    {"json": _as_object, "csv": _as_csv}.get(printer.how, _to_read)(printer, told, patients)
    click.echo(f"Nothing was written; the active rules stay as they are{_until(path)}.", err=True)


def _until(path: Path | None) -> str:
    if path is None:
        return " until `shadow` is taken out beside the changed numbers"
    return f" until maswatch.toml names {path} as its site_catalog" if path.is_file() else ""


def _tried(asked: Asked) -> Catalog:
    """With the rules on that the site's file has in the shadow. Raises UsageError where there is none."""
    if not asked.catalog.shadowed:
        raise click.UsageError(NOTHING_TRIED)
    return asked.catalog.switched_on()


def _course(printer: Printer, folder: Path | None, *, issued: bool) -> Course:
    from monitoring.analysis.course import UNJUDGED
    from monitoring.analysis.replay import as_issued
    from monitoring.replaying import recorded
    from monitoring.whole_course import told

    asked = printer.asked
    if folder:  # nobody knows when a recorded fact was received: it counts from its issue
        return as_issued(recorded(folder, asked.catalog, asked.settings, now=printer.as_of)[0])
    course = told(asked.store, as_of=printer.as_of, without=UNJUDGED)
    return as_issued(course) if issued else course


def _as_object(printer: Printer, told: Shadowed, patients: bool) -> None:
    printer.one(told.printed() | ({"differing": _differing(told)} if patients else {}))


def _as_csv(printer: Printer, told: Shadowed, patients: bool) -> None:
    if patients:
        printer.rows(_differing(told), DIFFERING)
    else:
        printer.rows(told.found.flags.to_dict("records"), list(told.found.flags.columns))


def _to_read(printer: Printer, told: Shadowed, patients: bool) -> None:
    flags, days = told.found.flags, told.patient_days
    watched = f"{counted(told.patients, 'patient')}, {days:.1f} patient-days"
    click.echo(f"{watched}, judged at {counted(told.steps, 'step')}.\n")
    printer.rows(told.changed, CHANGED)
    click.echo("")
    printer.rows(flags.to_dict("records"), BRIEF)
    if days:
        rates = [flags[f"raised_{side}"].sum() / days for side in ("active", "changed")]
        click.echo(f"\nFlags raised per patient-day: {rates[0]:.3f} active, {rates[1]:.3f} changed.")
    if len(told.found.verdicts):
        click.echo("\nResponse windows judged otherwise:")
        printer.rows(told.found.verdicts.to_dict("records"), list(told.found.verdicts.columns))
    if patients:
        click.echo("")
        printer.rows(_differing(told), DIFFERING)


def _differing(told: Shadowed) -> list[dict[Any, Any]]:
    compared = told.found.compared
    return compared.loc[compared["how"] != "same", DIFFERING].to_dict("records")
