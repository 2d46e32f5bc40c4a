"""`pilothouse console` starts a server that goes on, says how to get in, finds it again and stops it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.shell import Shell

LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in\?\S+")


@pytest.fixture
def console(outside: Shell) -> Iterator[Shell]:
    """Runs the command; what it has left running is stopped at the end."""
    yield outside
    outside("console", "--stop")


def test_a_run_is_shown_to_whoever_signs_in_by_the_link(console: Shell) -> None:
    made = console("run", "naps", "--json", "--no-save").document
    told = console("console", "--run", "latest", PILOTHOUSE_PORT="0")
    assert told.code == 0, told.err
    link = LINK.search(told.out)
    assert link is not None
    parts = urlsplit(link[0])
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert said["next"] == f"/console/runs/{made['run_id']}"
    with httpx.Client(base_url=f"http://{parts.netloc}") as browser:
        assert f'name="next" value="{said["next"]}"' in browser.get(link[0]).text
        came = browser.post("/sign-in", data=said)
        assert (came.status_code, came.headers["location"]) == (303, said["next"])
        assert browser.get(f"/api/v1/runs/{made['run_id']}").json()["status"] == "completed"
    assert said["token"] not in (console.data / "console.log").read_text()

    again = console("console")
    assert f"The console: http://{parts.netloc}/console/\n" in again.out
    assert console("console", "--stop").out == f"Stopped http://{parts.netloc}.\n"
    assert "No server was started" in console("console", "--stop").out
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{parts.netloc}/health/live")


def test_without_a_run_there_is_no_latest(tmp_path: Path) -> None:
    fresh = Shell(tmp_path / "data", tmp_path)
    told = fresh("console", "--run", "latest", PILOTHOUSE_PORT="0")
    assert told.code != 0
    assert "There is no run yet." in told.err
    fresh("console", "--stop")


def test_a_server_that_cannot_start_says_why(console: Shell) -> None:
    given = {"PILOTHOUSE_TLS_CERT": "nowhere.pem", "PILOTHOUSE_TLS_KEY": "nowhere.key"}
    told = console("console", PILOTHOUSE_PORT="0", **given)
    assert told.code != 0
    assert "did not start" in told.err
    assert "nowhere.pem" in told.err


def test_a_server_on_a_network_is_left_to_its_operators(console: Shell) -> None:
    told = console(
        "console", PILOTHOUSE_TRUSTED_PROXIES='["192.0.2.0/24"]', PILOTHOUSE_PUBLIC_URL="https://ph.example"
    )
    assert told.code != 0
    assert "https://ph.example/console/" in told.err
