"""A replay shared out among cores says what one core says."""

from __future__ import annotations

import pandas as pd
import pytest

from monitoring import replaying
from monitoring.analysis.replay import replayed
from tests.spec.drawing import catalog, together
from tests.spec.test_laws import random_course


def test_patients_shared_out_among_cores_are_replayed_as_on_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "WORTH_A_CORE", 1)
    ward = together(*(random_course(seed, name) for seed, name in enumerate("ABCDE")))
    alone = replayed(ward, catalog(), every=pd.Timedelta(hours=12))
    shared = replaying.on_all_cores(ward, catalog(), every=pd.Timedelta(hours=12), cores=2)
    pd.testing.assert_frame_equal(shared.flags, alone.flags)
    pd.testing.assert_frame_equal(shared.responses, alone.responses)
    assert (shared.patients, shared.steps) == (alone.patients, alone.steps)
    assert len(alone.flags) > 0
