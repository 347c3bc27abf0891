"""Every rule that raises a flag is named in a file of drawn courses."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.catalog import load_catalog

SPECS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].glob("spec/test_*.py"))


@pytest.mark.parametrize("code", [rule.code for rule in load_catalog().rules.values() if rule.sentences])
def test_a_rule_has_drawn_courses(code: str) -> None:
    assert f'"{code}"' in SPECS
