"""The ASGI app: what it answers beside the views, and what it lets a browser do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard import front
from dashboard.server import Sealed, content_policy, provider_told
from monitoring.settings import Settings
from monitoring.settings_parts import Dashboard, SignIn

QUIET = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "server.enableAgentApi": False,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
}


def test_the_policy_names_no_other_host() -> None:
    policy = content_policy()
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert not re.search(r"https?://|\*", policy)
    assert "unsafe-eval" not in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in script


def test_the_scripts_that_stand_in_the_page_are_the_ones_the_policy_lets_run() -> None:
    scripts = re.findall(r"<script>(.*?)</script>", front.front_page(), re.DOTALL)
    assert len(scripts) == 5  # Streamlit's own, where the server is, colours, the lock when idle, and the sheets
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in content_policy()


def test_the_page_bears_our_name_and_loads_nothing_from_elsewhere() -> None:
    page = front.front_page()
    assert "<title>maswatch</title>" in page
    assert "opening …" in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("./", "data:image/svg+xml,")) for source in sources)
    assert re.search(r'rel="modulepreload" crossorigin href="./static/js/BidiComponent', page)


def test_only_a_page_of_somebody_signed_in_closes_itself_when_nobody_touches_it() -> None:
    assert 'name="maswatch-idle"' not in front.front_page()
    assert '<meta name="maswatch-idle" content="900">' in front.front_page(900)


def test_streamlit_is_told_of_the_provider_in_memory_and_of_none_where_there_is_none() -> None:
    told = SignIn(provider="https://idp.example", client_id="mas", secret="between us")
    settings = Settings(sign_in=told, dashboard=Dashboard(url="https://mas.example/"))
    auth = (provider_told(settings, "signing") or {})["auth"]
    assert auth["redirect_uri"] == "https://mas.example/oauth2callback"
    assert auth["server_metadata_url"] == "https://idp.example/.well-known/openid-configuration"
    assert (auth["client_secret"], auth["cookie_secret"]) == ("between us", "signing")
    assert auth["client_kwargs"] == {"scope": "openid email profile", "prompt": "login"}
    assert provider_told(Settings(), "") is None


def test_every_answer_carries_the_security_headers() -> None:
    sent: list[Any] = []

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})

    async def told(message: Any) -> None:
        sent.append(message)

    asyncio.run(Sealed(plain, "default-src 'self'")({"type": "http"}, None, told))  # type: ignore[arg-type]
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "text/html"


@pytest.mark.parametrize("folder", ["empty", "rival"])
def test_the_packages_own_configuration_holds_whatever_the_folder(tmp_path: Path, folder: str) -> None:
    """Also beside a .streamlit folder of somebody else's, which would switch telemetry on."""
    if folder == "rival":
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "config.toml").write_text("[browser]\ngatherUsageStats = true\n")
    program = (
        "from pathlib import Path; from streamlit import config; from monitoring.settings import Settings\n"
        "from dashboard.server import application; application(Settings(data_dir=Path.cwd()))\n"
        f"wanted = {QUIET!r}\n"
        "print({name: config.get_option(name) for name in wanted} == wanted)"
    )
    command = [sys.executable, "-P", "-c", program]
    told = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "True"
