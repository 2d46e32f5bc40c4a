"""Forking, labelling, moving and counting runs, and cancelling and retrying many, from the command line."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support.shell import Done, Shell


@pytest.fixture(scope="module")
def address(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Shell(data, tmp_path_factory.mktemp("server"), measured=False)
    log = (shell.folder / "log").open("wb")
    process = subprocess.Popen(
        shell.command("serve", "--port", str(port)),
        cwd=shell.folder,
        env=shell.environment,
        stdout=log,
        stderr=log,
    )
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
def remote(address: str, data: Path, tmp_path: Path) -> Callable[..., Done]:
    """Runs a command on a server."""
    shell = Shell(data, tmp_path)
    executable, *_ = shell.command()

    def command(*arguments: str) -> Done:
        done = subprocess.run(
            [executable, "--server", address, *arguments],
            cwd=shell.folder,
            env=shell.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return command


def test_a_run_is_labelled_found_forked_and_counted(pilothouse: Shell) -> None:
    first = pilothouse(
        "run", "orders", "--label", "name=one", "--answer", "colour=red", "--json", "--no-save"
    )
    parent = first.document["run_id"]
    assert first.document["output"] == "shipped to Ada in red"
    made = pilothouse("fork", parent[-8:], "--answer", "colour=blue", "--json")
    assert made.code == 0, made.err
    fork = made.document["id"]
    watched = pilothouse("watch", fork, "--json", "--no-save").document
    assert (watched["output"], watched["status"]) == ("shipped to Ada in blue", "completed")
    assert [item["name"] for item in watched["artifacts"]] == ["receipt.txt"]
    assert pilothouse("label", fork, "name=two", "first=").out == f"run {fork[-8:]} has name=two\n"
    listed = pilothouse("runs", "--label", "name=one", "--where", "has_open_questions=false")
    assert (parent[-8:] in listed.out, fork[-8:] in listed.out, "name=one" in listed.out) == (
        True,
        False,
        True,
    )
    figures = pilothouse("stats").out
    assert "orders" in figures
    assert "until completed: p50" in figures


def test_the_same_on_a_server(remote: Callable[..., Done], tmp_path: Path) -> None:
    path = tmp_path / "needed.txt"
    failed = remote("run", "fails", str(path), "--label", "kind=file", "--json").document["run_id"]
    fork = remote("fork", failed, "--at", "fragile#0", "--json").document
    assert fork["forked_from"] == failed
    path.write_text("there")
    done = remote("retry", "--label", "kind=file", "--json").document
    assert done["done"] == done["matched"] - len(done["refused"])
    assert done["done"] >= 1
    refused = remote("move", "--workflow", "fails", "--to", "9")
    assert (refused.code, "no version 9" in refused.err) == (2, True)


def test_all_runs_are_meant_only_where_that_is_said(pilothouse: Shell) -> None:
    done = pilothouse("cancel")
    assert (done.code, "every run would be meant" in done.err, "Traceback" in done.err) == (2, True, False)
