"""
What can go wrong in this room. Each says in one sentence what was found, what was wanted and where to mend it.

MaswatchError                 every error a person may be shown; str(error) is one clear sentence
├── CatalogError              a knowledge file or the site's own file is wrong: file, entry, field
├── SettingsError             maswatch.toml, an environment variable or an argument is wrong
├── SourceError               a feed cannot be reached or read at all
├── IntakeError               what a feed gave cannot be taken in as a whole (a single row is set aside instead)
├── CycleError                a run could not be completed
│   └── CycleBusy             another process is running it now
├── ParallelError             work shared out among processes or a cluster could not be done there
├── ExportError               trajectories cannot be written where or as they were asked for
├── CohortError               a cohort is not written as one, or there is none of that name
├── ErasingError              a patient cannot be removed like that
├── DeployError               files for the machine cannot be written, or the lock is none
├── ServingError              the dashboard cannot be started or kept running
├── AnswerRefused             what a person said to a flag cannot stand: the flag has changed, or words are missing
├── PeopleRefused             who may do what cannot be said like that
└── MessageError              a message could not be handed to its channel

The store's own errors stand in storage/errors.py.
"""

from __future__ import annotations


class MaswatchError(Exception):
    """Base of all errors of this room; the command prints str(error) and stops with exit code 2."""


class CatalogError(MaswatchError):
    """`file`, `entry` and `field` say where to mend it; `entry` or `field` may be empty."""

    def __init__(self, file: str, entry: str, field: str, message: str) -> None:
        self.file, self.entry, self.field, self.message = file, entry, field, message
        place = ", ".join(part for part in (file, entry and f"[{entry}]", field) if part)
        super().__init__(f"{place}: {message}")


class SettingsError(MaswatchError):
    """A setting cannot be used."""


class SourceError(MaswatchError):
    """A feed cannot be reached or read."""


class IntakeError(MaswatchError):
    """A file or page cannot be taken in at all."""


class CycleError(MaswatchError):
    """A run of the 12-hour job could not be completed."""


class CycleBusy(CycleError):  # noqa: N818 - said as what it is
    """Another process holds the job's lease."""


class ErasingError(MaswatchError):
    """Nobody is called that, or the record of it would name them."""


class ExportError(MaswatchError):
    """An export cannot be written there, or not like that."""


class ParallelError(MaswatchError):
    """Work shared out among processes or a cluster could not be done there."""


class CohortError(MaswatchError):
    """A cohort's file is wrong, or nothing is saved under that name and version."""


class DeployError(MaswatchError):
    """What `maswatch deploy` was asked for cannot be written."""


class ServingError(MaswatchError):
    """The dashboard cannot be started or kept running."""


class AnswerRefused(MaswatchError):  # noqa: N818 - said as what it is
    """What a person said to a flag was not kept, and why."""


class PeopleRefused(MaswatchError):  # noqa: N818 - said as what it is
    """What was said of a person was not kept, and why."""


class MessageError(MaswatchError):
    """A channel did not take a message."""
