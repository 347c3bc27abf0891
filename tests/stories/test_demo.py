"""`maswatch demo`, but for the serving: published patients and a simulated ward, judged twelve hours at a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.catalog import load_catalog
from monitoring.demo_ward import STALE_AFTER, own_settings, prepared
from monitoring.settings import Settings
from monitoring.state import state
from storage import queries
from storage.engine import open_store

pytestmark = pytest.mark.sqlite  # a demo keeps a file of its own, whatever the site's store is
NOW = datetime(2026, 6, 3, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A site with real data beside which the demo is prepared."""
    settings = Settings.model_validate({"data_dir": tmp_path_factory.mktemp("site"), "ward": {"timezone": "UTC"}})
    open_store(settings.database_url).close()
    prepared(settings, clock=lambda: NOW, say=lambda line: None)
    return settings


def test_the_ward_is_full_and_every_kind_of_flag_is_raised(site: Settings) -> None:
    own = own_settings(site, site.data_dir / "demo")
    store = open_store(own.database_url)
    try:
        ward = state(store, load_catalog(), as_of=NOW)
        patients = ward.assessment.course.patients["patient_id"]
        active = set(ward.flags.loc[ward.flags["state"].eq("active"), "flag"])
        assert len(patients) >= 40
        assert patients.str.startswith("PUB-").sum() >= 12
        assert {"ferritin_rising", "fibrinogen_falling", "steroid_nonresponse", "labs_overdue"} <= active
        assert NOW - queries.observations(store, as_of=NOW)["collected_at"].max() < timedelta(hours=3)
        assert queries.last_success(store) == NOW
        # What was said was said as the days went by, not all at once at the end.
        assert queries.flag_changes(store, as_of=NOW)["recorded_at"].nunique() > 10
    finally:
        store.close()


def test_the_demo_is_kept_while_it_is_young_and_never_mixed_with_real_data(site: Settings) -> None:
    said: list[str] = []
    own = prepared(site, clock=lambda: NOW + STALE_AFTER - timedelta(minutes=1), say=said.append)
    assert own.database_url != site.database_url
    assert len(said) == 1
    assert "shown as it is" in said[0]
    real = open_store(site.database_url)
    assert queries.counts(real)["observation"] == 0
    real.close()
    assert not [path for path in Path(site.data_dir).iterdir() if path.name.startswith("demo.part")]
