"""The real command, on one data folder whose database stays up between commands."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse.cli.opening import Options
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from support.emptying import empty
from support.reached import open_shop, shop
from support.shell import Client, Inside, Shell

__all__ = ["data", "open_shop", "pilothouse", "shop", "started"]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder whose server stays up for all modules of this test process."""
    folder = tmp_path_factory.mktemp("data")
    with postgres.attach(folder) as attachment:
        upgrade(attachment.dsn)
        yield folder


@pytest.fixture(scope="module")
def data(kept: Path) -> Path:
    """The data folder, as new: an empty database, no artifacts and no secrets."""
    with postgres.attach(kept) as attachment, psycopg.connect(attachment.dsn, autocommit=True) as connection:
        empty(connection)
    for left in ("artifacts", "incoming", "secrets"):
        shutil.rmtree(kept / left, ignore_errors=True)
    return kept


@pytest.fixture
def pilothouse(data: Path, tmp_path: Path) -> Shell:
    """Runs commands on the data folder, in this process."""
    return Inside(data, tmp_path)


@pytest.fixture
def outside(data: Path, tmp_path: Path) -> Shell:
    """Runs commands on the data folder, each in a process of its own."""
    return Shell(data, tmp_path)


@pytest.fixture(scope="module")
def address(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on the data folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Shell(data, tmp_path_factory.mktemp("server"))
    command = shell.command("serve", "--port", str(port))
    log = (shell.folder / "log").open("wb")
    process = subprocess.Popen(command, cwd=shell.folder, env=shell.environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while True:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                break
        except httpx.TransportError:
            assert time.monotonic() < deadline, (shell.folder / "log").read_text()
        time.sleep(0.1)
    yield url
    process.terminate()
    assert process.wait(20) == 0
    log.close()


@pytest.fixture
def remote(address: str, data: Path, tmp_path: Path) -> Client:
    """Runs commands on that server, in this process."""
    return Client(data, tmp_path, address)


@pytest.fixture
def started(pilothouse: Shell) -> Callable[..., dict[str, Any]]:
    """Runs a workflow with `--json` and returns its document."""

    def start(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = pilothouse("run", *arguments, "--json", "--no-save").document
        return document

    return start


@pytest.fixture
def here(conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """What makes a command in this process work on the test's own database."""
    url = "postgresql:///?" + urlencode(conninfo_to_dict(conninfo))
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    return Options(data=tmp_path)
