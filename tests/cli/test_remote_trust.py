"""Commands on a server behind TLS, by an API key and an authority of one's own; and what a refusal says."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.errors import PilothouseError, Unavailable
from support.certificates import Authority
from support.shell import APPS, Shell


@dataclass(frozen=True)
class Place:
    """A server: where it is, who vouches for it, and a key of its admin."""

    url: str
    ca: Path
    key: str


def typed(*arguments: str) -> str:
    """What a command prints that is run in this process; raises what it raises."""
    done = CliRunner().invoke(cli, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.fixture(scope="module")
def place(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("server")
    authority = Authority(folder / "tls")
    cert, private, _ = authority.issue("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Shell(data, folder)
    command = shell.command("serve", "--port", str(port), "--tls-cert", str(cert), "--tls-key", str(private))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=shell.environment, stdout=log, stderr=log)
    key = typed("--data", str(data), "keys", "create", "ops", "--role", "admin").strip()
    url, deadline = f"https://127.0.0.1:{port}", time.monotonic() + 20
    trust = ssl.create_default_context(cafile=str(authority.ca))
    while True:
        try:
            if httpx.get(f"{url}/health/ready", verify=trust).is_success:
                break
        except httpx.TransportError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)
    yield Place(url, authority.ca, key)
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def remote(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """From another machine: another data folder, with a key and the authority."""
    monkeypatch.setenv("PILOTHOUSE_API_KEY", place.key)
    monkeypatch.syspath_prepend(str(APPS))
    return "--data", str(tmp_path / "elsewhere"), "--server", place.url, "--ca", str(place.ca)


def test_tenants_retention_statements_and_engagements_are_looked_after_there(remote: tuple[str, ...]) -> None:
    assert json.loads(typed(*remote, "tenants", "create", "acme", "--name", "Acme", "--json"))["id"] == "acme"
    assert "Acme" in typed(*remote, "tenants", "list")
    typed(*remote, "retention", "set", "orders", "--days", "30")
    assert "orders" in typed(*remote, "retention", "list")
    said = ("--by", "Ada", "--evidence", "wiki/rota", "--days", "90")
    assert json.loads(typed(*remote, "attest", "make", "on_call", *said, "--json"))["stated_by"] == "Ada"
    assert "on_call" in typed(*remote, "attest", "list")
    (made,) = json.loads(typed(*remote, "engagements", "create", "audit", "--json"))
    (renamed,) = json.loads(typed(*remote, "engagements", "rename", "audit", "audit-2", "--json"))
    assert renamed["id"] == made["id"]
    assert json.loads(typed(*remote, "engagements", "close", made["id"], "--json"))[0]["closed_at"]
    typed(*remote, "engagements", "reopen", "audit-2")
    run = json.loads(typed(*remote, "run", "orders", "--engagement", "audit-2", "--json", "--no-save"))[
        "run_id"
    ]
    shown = json.loads(typed(*remote, "runs", "--where", f"engagement_id={made['id']}", "--json"))
    assert [item["id"] for item in shown] == [run]
    with pytest.raises(PilothouseError, match="Runs or schedules belong to"):
        typed(*remote, "engagements", "delete", "audit-2")
    with pytest.raises(PilothouseError, match="--tenant is for this machine"):
        typed(*remote, "engagements", "list", "--tenant", "acme")


def test_whom_nobody_vouches_for_is_not_spoken_to(remote: tuple[str, ...]) -> None:
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        typed(*remote[:4], "tenants", "list")


def test_a_refusal_says_once_what_to_do(
    place: Place, remote: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTHOUSE_API_KEY", place.key[:-1] + ("A" if place.key[-1] != "A" else "B"))
    with pytest.raises(PilothouseError) as wrong:
        typed(*remote, "tenants", "list")
    assert "does not accept the API key that PILOTHOUSE_API_KEY holds" in str(wrong.value)
    monkeypatch.delenv("PILOTHOUSE_API_KEY")
    with pytest.raises(PilothouseError) as nobody:
        typed(*remote, "runs")
    told = str(nobody.value)
    assert told.count("PILOTHOUSE_API_KEY") == 1
    assert "pilothouse keys create" in told
    assert "--data FOLDER" in told
    assert "signed in" not in told.lower()


def test_the_token_of_another_data_folder_is_said_to_be_that(
    remote: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PILOTHOUSE_API_KEY")
    token = Path(remote[1]) / "secrets" / "local_token"
    token.parent.mkdir(parents=True, mode=0o700)
    token.write_text("A" * 43)
    token.chmod(0o600)
    with pytest.raises(PilothouseError, match="token of this data folder: it works on another one"):
        typed(*remote, "runs")
