"""`maswatch backup` and `restore`: looked over, put back, and the key of the pseudonyms said to be apart."""

from __future__ import annotations

from pathlib import Path

from monitoring.disguise import own_key
from tests.monitoring.command_line import CommandLine


def test_a_backup_is_looked_over_and_shows_what_each_table_holds(small_ward: CommandLine, tmp_path: Path) -> None:
    copy = tmp_path / "monday.db"
    assert small_ward.run("backup", copy).code == 0
    told = {one["table"]: one["rows"] for one in small_ward.told("backup", "verify", copy)}
    assert (told["observation"], told["dose"], told["patient"]) == (6, 3, 4)  # each patient by number, then by the rest
    copy.write_bytes(copy.read_bytes().replace(b"methylprednisolone", b"hydrocortisone4321"))
    printed = small_ward.run("backup", "verify", copy)
    assert printed.code == 2
    assert "its table dose is not what was written" in printed.err


def test_the_key_of_the_pseudonyms_is_said_to_be_apart_and_goes_along_when_asked(
    small_ward: CommandLine, tmp_path: Path
) -> None:
    site, copy = small_ward.folder / "site", tmp_path / "monday.db"
    key = own_key(site)
    assert "is not in it" in small_ward.run("backup", copy).err
    assert not (tmp_path / "monday.db.key").exists()
    small_ward.run("backup", copy, "--overwrite", "--with-key")
    assert (tmp_path / "monday.db.key").read_bytes() == key
    assert (tmp_path / "monday.db.key").stat().st_mode & 0o077 == 0
    (site / "export.key").unlink()
    assert "is back in" in small_ward.run("restore", copy, "--overwrite").err
    assert (site / "export.key").read_bytes() == key


def test_another_key_that_has_made_pseudonyms_already_stays(small_ward: CommandLine, tmp_path: Path) -> None:
    site, copy = small_ward.folder / "site", tmp_path / "monday.db"
    small_ward.run("backup", copy, "--with-key")
    (site / "export.key").write_bytes(b"x" * 32)
    assert "it stays" in small_ward.run("restore", copy, "--overwrite").err
    assert (site / "export.key").read_bytes() == b"x" * 32
