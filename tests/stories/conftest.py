"""What several stories of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.killing import Mother, mother


@pytest.fixture(scope="module")
def forking() -> Iterator[Mother]:
    """A process that forks another for every job."""
    with mother() as made:
        yield made
