"""Two schedulers never run together, and one that was killed is no obstacle."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors import CycleBusy
from monitoring.lease import NAME, SECONDS, the_right
from storage.engine import Store, open_store
from storage.leases import take_lease
from tests.monitoring.small_ward import HandClock

HOLDS_ON = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from monitoring.lease import the_right
from storage.engine import open_store
with the_right(open_store(sys.argv[1]), Path(sys.argv[2]), clock=lambda: datetime.now(UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/ward.db")
    yield opened
    opened.close()


def test_processes_of_one_data_folder_keep_each_other_out(store: Store, tmp_path: Path) -> None:
    clock = HandClock()
    with the_right(store, tmp_path, clock=clock), pytest.raises(CycleBusy), the_right(store, tmp_path, clock=clock):
        pass
    with the_right(store, tmp_path, clock=clock):
        pass


def test_machines_that_share_a_store_keep_each_other_out_by_the_lease(store: Store, tmp_path: Path) -> None:
    here, there, clock = tmp_path / "here", tmp_path / "there", HandClock()
    with the_right(store, here, clock=clock), pytest.raises(CycleBusy), the_right(store, there, clock=clock):
        pass
    with the_right(store, there, clock=clock):
        pass


def test_a_lease_that_another_machine_left_behind_runs_out(store: Store, tmp_path: Path) -> None:
    clock = HandClock()
    take_lease(store, NAME, "another machine", now=clock(), seconds=SECONDS)
    clock.now += timedelta(seconds=SECONDS - 1)
    with pytest.raises(CycleBusy), the_right(store, tmp_path, clock=clock):
        pass
    clock.now += timedelta(seconds=1)
    with the_right(store, tmp_path, clock=clock):
        pass


def test_the_right_is_free_again_after_a_failure(store: Store, tmp_path: Path) -> None:
    clock = HandClock()
    with pytest.raises(ZeroDivisionError), the_right(store, tmp_path, clock=clock):
        raise ZeroDivisionError
    with the_right(store, tmp_path / "elsewhere", clock=clock):
        pass


def test_a_scheduler_that_was_killed_is_no_obstacle_to_the_next(store: Store, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_ON, store.url, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CycleBusy), the_right(store, tmp_path, clock=HandClock()):
            pass
        holder.kill()
        holder.wait()
    with the_right(store, tmp_path, clock=HandClock()):
        pass
