"""The `maswatch` command: parses, calls, prints. JSON goes to stdout alone, everything else to stderr."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from monitoring.commands.site import Asked

# command -> (module in monitoring/commands, one line of help); a module is imported when its command is used.
COMMANDS = {
    "demo": ("running", "Show a ward of published and simulated patients."),
    "serve": ("running", "Dashboard and 12-hour job."),
    "schedule": ("running", "The 12-hour job alone."),
    "receive": ("receiving", "HL7 v2 messages over MLLP."),
    "ingest": ("taking", "Take in files or folders now."),
    "set-aside": ("taking", "What could not be read, and why."),
    "map": ("mapping", "What a source means by its codes."),
    "deliveries": ("deliveries", "What sources sent, as it came."),
    "patients": ("judging", "Who is known."),
    "lines": ("judging", "What each patient is on."),
    "flags": ("judging", "What needs to be looked at."),
    "response": ("judging", "How steroids are working, at 24, 48 and 72 h."),
    "scores": ("judging", "Published scores, with what is missing."),
    "ack": ("answering", "Acknowledge a flag."),
    "snooze": ("answering", "Quieten a flag for some hours."),
    "merge": ("merging", "Join two records of one patient."),
    "rounds": ("rounding", "Rounds sheets as one PDF."),
    "replay": ("trying", "Judge recorded courses as at the time."),
    "simulate": ("trying", "Write believable courses."),
    "golden": ("changing", "Whether every rule still says what it must."),
    "shadow": ("changing", "What changed rules would have raised."),
    "export": ("exporting", "Write courses for research."),
    "cohort": ("cohorts", "Save and count patients by what is known of them."),
    "report": ("reporting", "A cohort as one page of figures."),
    "people": ("people", "Who may use the dashboard, and do what."),
    "access": ("people", "Who saw or took away which patient."),
    "erase": ("erasing", "Remove a patient for good."),
    "verify": ("verifying", "Whether what is stored is whole and follows from the facts."),
    "db": ("keeping", "Upgrade the store, or say how it stands."),
    "backup": ("backing_up", "Copy the store into a file."),
    "restore": ("backing_up", "Put a copy in place of the store."),
    "deploy": ("deploying", "Write units, a container file, proxies, alerts and lists."),
    "doctor": ("doctor", "What is wrong here, and how to mend it."),
}

NAMED = {"map": "map_command"}  # a function of that name would stand in Python's own way


class Commands(click.Group):
    """Lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"monitoring.commands.{COMMANDS[cmd_name][0]}")
        return getattr(module, NAMED.get(cmd_name, cmd_name.replace("-", "_")))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="maswatch.toml to read.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for everything that is kept.")
@click.option("--database-url", help="Another store than SQLite in the data folder.")
@click.option("--debug", is_flag=True, help="Show where an unforeseen error arose.")
@click.version_option(package_name="maswatch")
@click.pass_context
def cli(
    context: click.Context, config: Path | None, data_dir: Path | None, database_url: str | None, debug: bool
) -> None:
    """Watches labs and treatments for macrophage activation syndrome, and says how steroids are working."""
    from monitoring.logs import set_up

    set_up(quiet=not debug)
    context.obj = Asked(config, data_dir, database_url, debug)
    context.call_on_close(context.obj.close)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command and exits: 0 done, 1 found what `--strict` fails on, 2 with one sentence."""
    from monitoring.ending import ended
    from monitoring.memory import begin_lightly

    begin_lightly()
    sys.exit(ended(cli, sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    main()
