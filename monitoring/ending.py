"""How a command ends: an exit code, and for what went wrong one sentence on stderr that says what to do."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

import click

DONE, WRONG, INTERRUPTED = 0, 2, 130


def ended(command: click.Command, arguments: Sequence[str]) -> int:
    """Runs `command` to its end and returns the exit code; what it raises is said in a sentence."""
    contexts: list[click.Context] = []
    try:
        contexts.append(command.make_context("maswatch", list(arguments)))
        with contexts[0] as context:
            command.invoke(context)
        _flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return WRONG
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as error:
        click.echo(_cut_short() or _said(error, contexts[0].obj if contexts else None), err=True)
        return WRONG
    return DONE


def _flush() -> None:
    """Now, where what goes wrong is still said in a sentence, and not at the interpreter's end."""
    import sys

    if sys.stdout is not None:  # nobody gave one: `>&-`
        sys.stdout.flush()


def _cut_short() -> str:
    """Why not all that was printed is where it was to go, as on a full disk; "" where it is."""
    try:
        _flush()
    except OSError as error:
        _let_go()
        return f"Not all of the output could be written: {(error.strerror or type(error).__name__).lower()}."
    return ""


def _nobody_reads() -> int:
    """`maswatch flags | head`."""
    _let_go()
    return DONE


def _let_go() -> None:
    """What is left unsaid must not be flushed at the interpreter's end."""
    import os
    import sys

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _said(error: Exception, asked: object) -> str:
    from monitoring.sentences import sentence

    if getattr(asked, "debug", False):
        return "".join(traceback.format_exception(error)).rstrip()
    return sentence(error) or _unforeseen(error, asked)


def _unforeseen(error: Exception, asked: object) -> str:
    from monitoring.logs import leave_trace

    what = f"Something unforeseen went wrong ({type(error).__name__})"
    try:
        file: Path = asked.settings.log_file  # type: ignore[attr-defined]
        return f"{what}; {leave_trace(file, error)} says where. With --debug before the command it is shown."
    except Exception:  # neither settings nor a place to write: this is the last resort
        return f"{what}; run it again with --debug before the command to see where."
