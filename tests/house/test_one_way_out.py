"""What leaves the dashboard as a file is asked for, written down and handed out in one place."""

from __future__ import annotations

from pathlib import Path

DASHBOARD = Path(__file__).parents[2] / "dashboard"
WAYS_OUT = ("download_button", "st.image(", "st.audio(", "st.video(", "st.pdf(", "media_file_mgr", "attachment;")


def test_files_leave_by_one_door() -> None:
    ways = {path.name for path in DASHBOARD.rglob("*.py") if any(way in path.read_text() for way in WAYS_OUT)}
    assert ways == {"handing_out.py"}


def test_every_view_says_what_whoever_opens_it_must_be_allowed_or_is_for_those_who_see_patients() -> None:
    told = {path.stem: path.read_text().split("shell.show(")[-1] for path in (DASHBOARD / "views").glob("*.py")}
    needs = {name: "".join(part.split('"')[1:2]) for name, text in told.items() for part in text.split("needs=")[1:]}
    assert needs == {"research": "research", "people": "manage"}
