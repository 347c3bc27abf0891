"""What a command loads, and how it begins: nothing that it has no need of."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.monitoring.command_line import CommandLine
from tests.monitoring.small_ward import fill


def test_help_loads_neither_screen_nor_store() -> None:
    heavy = "{'streamlit', 'plotly', 'pandas', 'sqlalchemy', 'uvicorn', 'apscheduler'}"
    code = f"import monitoring.cli, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-E", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_judging_loads_no_screen() -> None:
    code = "import monitoring.state, monitoring.cycle, sys; print({'streamlit', 'plotly'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


LOADED = """
import sys
from monitoring.cli import main
try:
    main({arguments!r})
finally:
    print(sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""
FOR_JUDGING = {"monitoring.state", "scipy"}
FOR_OTHER_FEEDS = {"cryptography", "httpx", "joserfc", "pyarrow.dataset", "pyarrow.parquet", "stamina"}
DROP = '[[source]]\nname = "lab"\nkind = "csv"\npath = "in"\nsettle_seconds = 0\n'


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (["db", "status"], {"pandas", *FOR_JUDGING, *FOR_OTHER_FEEDS}),
        (["set-aside", "list"], {"monitoring.catalog", "monitoring.intake", *FOR_JUDGING, *FOR_OTHER_FEEDS}),
        (["people", "list"], {"monitoring.catalog", *FOR_JUDGING, *FOR_OTHER_FEEDS}),
        (["doctor"], FOR_JUDGING | FOR_OTHER_FEEDS),
        (["ingest", "in"], FOR_OTHER_FEEDS),
        (["schedule", "--once"], FOR_OTHER_FEEDS),
        (["flags"], FOR_OTHER_FEEDS),
    ],
    ids=lambda told: " ".join(told) if isinstance(told, list) else "",
)
def test_a_command_loads_nothing_large_that_it_has_no_need_of(
    maswatch: CommandLine, command: list[str], heavy: set[str]
) -> None:
    fill(maswatch.folder / "in")
    (maswatch.folder / "told.toml").write_text(DROP, encoding="utf-8")
    code = LOADED.format(arguments=["--config", "told.toml", "--data-dir", "site", *command], heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]"), done.stderr


THREADS = "import os, sys, numpy, scipy.special; print(len(os.listdir('/proc/self/task')), file=sys.stderr)"
BEGUN = f"""
import subprocess, sys
from monitoring.cli import main
try:
    main(["--version"])
finally:
    {THREADS}
    subprocess.run([sys.executable, "-c", {THREADS!r}], check=True)
"""


def test_a_command_and_what_it_starts_have_no_threads_that_turn_idly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run([sys.executable, "-c", BEGUN], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["1", "1"]


GIVING_WAY = """
import os, subprocess, sys
from monitoring.parallel import give_way
before = os.getpriority(os.PRIO_PROCESS, 0)
give_way(7)
give_way(5)
told = "import os; from monitoring.parallel import give_way; give_way(5); print(os.getpriority(os.PRIO_PROCESS, 0))"
print(before <= 7, os.getpriority(os.PRIO_PROCESS, 0), flush=True)
subprocess.run([sys.executable, "-c", told], check=True)
"""


def test_who_gives_way_does_so_once_and_whom_it_starts_as_much() -> None:
    done = subprocess.run([sys.executable, "-c", GIVING_WAY], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "7", "7"]
