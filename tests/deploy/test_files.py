"""`maswatch deploy`: what it writes holds what the settings say, and what would read it accepts it."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.health import Health
from dashboard.metrics import Gauges, text
from monitoring.deploy.writing import FILES, KINDS, Machine, written
from monitoring.errors import DeployError
from monitoring.feed_health import SourceHealth
from monitoring.settings import Settings, SourceSettings
from tests.deploy.conftest import deploy

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = re.compile(r"\b(?:maswatch|process)_[a-z_]+")
LOOPBACK = {"127.0.0.1", "localhost"}


def machine(**told: object) -> Machine:
    return Machine(Settings.model_validate({"data_dir": "/var/lib/maswatch", **told}), python=Path(sys.executable))


def unit(text: str) -> dict[str, list[str]]:
    """Values of each key; a key may stand several times."""
    told: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            told[key].append(value)
    return told


def test_the_units_name_this_program_its_settings_its_user_and_its_folders(site: Path, tmp_path: Path) -> None:
    assert deploy(site, "systemd", "--out", str(tmp_path / "out"), "--user", "lab", "--port", "9001").exit_code == 0
    told = unit((tmp_path / "out" / "maswatch.service").read_text())
    program = Path(sys.executable).with_name("maswatch")
    assert told["ExecStart"] == [f"{program} --config {site} serve --host 127.0.0.1 --port 9001"]
    assert told["User"] == ["lab"]
    assert told["StateDirectory"] == ["maswatch"]
    assert told["ReadWritePaths"] == ["-/srv/inbox"]  # a share that is not mounted keeps nothing else from starting


@pytest.mark.parametrize(
    "line", ["NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "CapabilityBoundingSet=", "UMask=0077"]
)
def test_both_services_are_hardened(line: str) -> None:
    units = written("systemd", machine())
    assert all(line in units[name].splitlines() for name in ("maswatch.service", "maswatch-backup.service"))


def test_the_units_are_what_systemd_reads(site: Path, tmp_path: Path) -> None:
    deploy(site, "systemd", "--out", str(tmp_path / "out"))
    files = sorted(str(file) for file in (tmp_path / "out").iterdir())
    assert len(files) == 3
    for file in files:
        rows = configparser.RawConfigParser(strict=False)
        rows.read(file)
        assert "Unit" in rows
    if verifier := shutil.which("systemd-analyze"):
        said = subprocess.run([verifier, "verify", *files], capture_output=True, text=True)
        # of the units alone: what else a machine lacks, root or a running systemd, is not theirs
        complaints = [line for line in said.stderr.splitlines() if "maswatch" in line]
        assert complaints == []


def test_a_folder_elsewhere_is_opened_by_name_and_homes_stay_readable_where_something_stands_there() -> None:
    told = unit(written("systemd", machine(data_dir="/home/ward/mas"))["maswatch.service"])
    assert "StateDirectory" not in told
    assert told["ReadWritePaths"] == ["/home/ward/mas"]
    assert told["ProtectHome"] == ["read-only"]


def test_a_store_on_a_server_is_not_copied_by_a_unit_of_ours() -> None:
    units = written("systemd", machine(database_url="postgresql+psycopg://mas@db/ward"))
    assert list(units) == ["maswatch.service"]


def test_a_path_or_user_that_would_mean_something_else_in_a_unit_is_refused(site: Path) -> None:
    with pytest.raises(DeployError, match="plainer paths"):
        written("systemd", machine(data_dir="/srv/%h and more"))
    refused = deploy(site, "systemd", "--user", "root\nExecStartPre=/bin/x")
    assert isinstance(refused.exception, DeployError)


def test_nothing_that_is_there_is_replaced_unasked(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    deploy(site, "proxy", "--out", str(folder))
    (folder / "Caddyfile").write_text("my own")
    assert "--overwrite" in str(deploy(site, "proxy", "--out", str(folder)).exception)
    assert (folder / "Caddyfile").read_text() == "my own"
    assert deploy(site, "proxy", "--out", str(folder), "--overwrite").exit_code == 0
    assert (folder / "Caddyfile").read_text() != "my own"


def test_the_proxies_pass_websockets_speak_tls_and_log_no_address_that_names_a_patient() -> None:
    told = written("proxy", machine(dashboard={"url": "https://mas.hospital.example"}))
    nginx, caddy = told["nginx.conf"], told["Caddyfile"]
    assert "proxy_set_header Upgrade $http_upgrade;" in nginx
    assert "server_name mas.hospital.example;" in nginx
    assert "\nmas.hospital.example {" in caddy
    assert "reverse_proxy 127.0.0.1:8501" in caddy
    logged = next(line for line in nginx.splitlines() if line.startswith("log_format"))
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", logged)
    assert "request>uri delete" in caddy  # it tells of each request that failed, whether or not it logs the others
    assert all("Strict-Transport-Security" in file for file in (nginx, caddy))


def test_the_proxies_pass_on_who_comes_from_elsewhere_only_behind_a_sign_in() -> None:
    provider = {"provider": "https://idp.hospital.example", "client_id": "maswatch"}
    for sign_in, closed in (({}, True), ({"open": True}, False), (provider, False)):
        told = written("proxy", machine(dashboard={"url": "https://mas.hospital.example"}, sign_in=sign_in))
        ward, metrics = told["nginx.conf"].split("location ")[1:]
        assert ("deny all;" in ward, "respond @elsewhere 403" in told["Caddyfile"]) == (closed, closed)
        assert "deny all;" in metrics


def test_the_container_takes_what_is_there_and_runs_as_nobody_special(site: Path, tmp_path: Path) -> None:
    deploy(site, "container", "--out", str(tmp_path / "out"))
    lines = (tmp_path / "out" / "Containerfile").read_text().splitlines()
    taken = [
        words for line in lines if line.startswith("COPY ") and "--from" not in line for words in line.split()[1:-1]
    ]
    assert all((ROOT / name).exists() or (tmp_path / "out" / name).exists() for name in taken)
    assert "USER 10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_no_file_names_a_host_of_the_network() -> None:
    hosts = {
        (file.name, host)
        for file in FILES.iterdir()
        for host in re.findall(r"https?://([A-Za-z0-9.-]+)", file.read_text(encoding="utf-8"))
        if host not in LOOPBACK | {"maswatch"}
    }
    assert hosts == set()


def counted() -> str:
    source = SourceHealth("lis", "hl7", "ok", "", NOW, NOW, NOW, None, 24, 0.5, 1, 0, 0, 0, "")
    feed = Health("ok", "ok", NOW, NOW, True, NOW, newest_received_at=NOW, sources=(source,))
    return text(Gauges(feed, NOW, 1, {"ferritin_rising": 1}, {"ok": 1}, 1, {"cycle": 2.5}, {"no_time": 1})).decode()


@pytest.mark.parametrize("name", ["maswatch.rules.yml", "grafana.json"])
def test_alerts_and_charts_ask_for_counts_that_exist(name: str) -> None:
    known = set(re.findall(r"^# TYPE (\S+)", counted(), re.MULTILINE))
    known |= {f"{one}{end}" for one in known for end in ("_bucket", "_total")}
    told = (FILES / name).read_text(encoding="utf-8")
    asked = re.findall(r'expr"?: *(.+)', told)
    assert asked
    assert {metric for expression in asked for metric in NAME.findall(expression)} - known == set()


def test_an_overdue_intake_is_counted_as_its_alert_asks() -> None:
    rules = (FILES / "maswatch.rules.yml").read_text(encoding="utf-8")
    assert "alert: MaswatchIngestOverdue\n        expr: maswatch_ingest_overdue == 1\n        for: 5m" in rules
    assert "maswatch_ingest_overdue 1.0" in counted()


def test_the_charts_are_a_dashboard_without_a_fixed_place_for_its_counts() -> None:
    told = json.loads((FILES / "grafana.json").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in told["panels"]} == {"${source}"}
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])


def test_every_file_is_written_by_some_word_of_the_command() -> None:
    names = {file.name.removesuffix(".j2") for file in FILES.iterdir() if not file.name.startswith("_")}
    assert {name for kind in KINDS.values() for name in kind} == names


def test_a_feed_in_the_data_folder_needs_no_opening_of_its_own() -> None:
    source = SourceSettings(name="drop", kind="csv", path=Path("/var/lib/maswatch/inbox"), after="move")
    settings = Settings(data_dir=Path("/var/lib/maswatch"), source=(source,))
    assert Machine(settings).drops == []


def test_the_unit_says_how_each_folder_it_opens_is_made(site: Path) -> None:
    told = deploy(site, "systemd", "--user", "lab").output
    assert "install -d -o lab -g lab -m 2770 /srv/inbox" in told
