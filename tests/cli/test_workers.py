"""`pilothouse worker` in processes of its own, `pilothouse workers` and `pilothouse limits`."""

from __future__ import annotations

import asyncio
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from support import parcels
from support.shell import Inside, Shell
from support.waiting import ended, rows, status, submit, until

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def shell(data: Path, tmp_path: Path) -> Shell:
    return Shell(data, tmp_path, "parcels:app")


@pytest.fixture
def inside(data: Path, tmp_path: Path) -> Inside:
    return Inside(data, tmp_path, "parcels:app")


@pytest.fixture
def conninfo(data: Path) -> Iterator[str]:
    with postgres.attach(data) as attachment:
        upgrade(attachment.dsn)
        yield attachment.dsn
        rows(attachment.dsn, "delete from limits; delete from workers")


@pytest.fixture
async def engine(conninfo: str, tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine(conninfo, Workflows(parcels.app.workflows), ObjectArtifacts.local(tmp_path))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def start(shell: Shell) -> Iterator[Start]:
    """Starts the real command: `process = start("worker", "--slots", "2", PILOTHOUSE_DRAIN_TIMEOUT="60")`."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (shell.folder / "log").open("ab") as log:
            environment = {**shell.environment, **environment}
            command = shell.command(*arguments)
            started.append(
                subprocess.Popen(command, cwd=shell.folder, env=environment, stdout=log, stderr=log)
            )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


async def test_a_worker_executes_without_an_api_is_listed_cancels_at_once_and_drains(
    engine: Engine, start: Start, shell: Shell
) -> None:
    labels = ("--label", "zone=eu", "--label", "gpu=a100")
    process = start("worker", "--slots", "3", *labels)
    conninfo = engine.store.conninfo
    await until(lambda: rows(conninfo, "select id from workers"), 30, pause=0.1)

    waits = []
    for number in range(3):
        run_id = await submit(
            engine, parcels.patient, {"text": "x", "path": str(shell.folder / f"never-{number}")}
        )
        await until(lambda run_id=run_id: "linger" in str(rows(conninfo, ENTRIES, run_id)))
        began = time.monotonic()
        await engine.cancel(run_id)
        assert (await ended(engine, run_id)).kind.value == "run_cancelled"
        waits.append(time.monotonic() - began)
    assert statistics.median(waits) < 0.2

    let_go = shell.folder / "go"
    held = await submit(engine, parcels.patient, {"text": "x", "path": str(let_go)})
    await status(engine, held, "running")
    (listed,) = (await asyncio.to_thread(shell, "workers", "--json")).document
    assert (listed["busy"], listed["slots"], listed["alive"]) == (1, 3, True)
    assert listed["labels"] == {"zone": "eu", "gpu": "a100"}
    assert "patient@1" in listed["workflows"]
    process.send_signal(signal.SIGTERM)
    draining = "select draining from workers"
    await until(lambda: rows(conninfo, draining) == [(True,)], pause=0.05)
    late = await submit(engine, parcels.echo, {"text": "x"})
    shown = await asyncio.to_thread(shell, "workers")
    assert "draining" in shown.out
    assert "gpu=a100 zone=eu" in shown.out
    let_go.touch()
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert await engine.status(held) == "completed"
    assert await engine.status(late) == "queued"
    assert rows(conninfo, draining) == []
    await engine.cancel(late)


ENTRIES = "select kind, key from journal where run_id = %s"


async def test_a_second_signal_gives_the_runs_back_at_once(
    engine: Engine, start: Start, tmp_path: Path
) -> None:
    process = start("worker", "--workflow", "patient", PILOTHOUSE_DRAIN_TIMEOUT="600")
    run_id = await submit(engine, parcels.patient, {"text": "x", "path": str(tmp_path / "never")})
    await status(engine, run_id, "running", 30)
    assert rows(engine.store.conninfo, "select pins from workers") == [(["patient@1"],)]
    process.send_signal(signal.SIGINT)
    await until(lambda: rows(engine.store.conninfo, "select draining from workers") == [(True,)])
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert await engine.status(run_id) == "queued"
    await engine.cancel(run_id)


def test_what_cannot_be_a_worker_says_why(shell: Shell) -> None:
    for arguments, told in (
        (("worker", "--label", "gpu"), "key=value"),
        (("worker", "--workflow", "nothing"), "no workflow 'nothing'"),
        (("--server", "http://127.0.0.1:1", "worker"), "works on a database"),
    ):
        done = shell(*arguments)
        assert done.code == 2, done
        assert told in done.err
        assert "Traceback" not in done.err
    assert shell("workers").out == "No worker runs. Start one: pilothouse worker\n"


def test_limits_are_set_shown_and_removed(inside: Inside, conninfo: str) -> None:
    each = ("--each-tenant", "--rate", "60", "--per", "60", "--workflow", "echo")
    assert "each tenant  echo               60 in 60 s" in inside("limits", "set", *each).out
    assert inside("limits", "set", "--tenant", "acme", "--concurrency", "0").code == 0
    _, first, second = inside("limits", "list").out.splitlines()
    assert (first.split()[:3], second.split()[:3]) == (["each", "tenant", "echo"], ["tenant", "acme", "all"])
    assert inside("limits", "remove", "--tenant", "acme").out == "removed: tenant acme, all workflows\n"
    (left,) = inside("limits", "list", "--json").document
    assert (left["scope"], left["rate"], left["per_seconds"]) == ("each_tenant", 60, 60)
    for arguments, told in (
        (("remove", "--tenant", "acme"), "There is no limit for tenant acme"),
        (("set", "--tenant", "acme"), "give a concurrency, a rate or both"),
        (("set", "--tenant", "acme", "--each-tenant", "--rate", "1"), "not both"),
    ):
        done = inside("limits", *arguments)
        assert (done.code, told in done.err) == (2, True), done


def test_a_server_without_a_worker_leaves_the_runs_to_others_and_shows_who_they_are(
    inside: Inside, start: Start, conninfo: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    start("serve", "--no-worker", "--port", url.rpartition(":")[2])
    deadline = time.monotonic() + 30
    while True:
        try:
            ready = httpx.get(f"{url}/health/ready")
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline, (inside.folder / "log").read_text()
            time.sleep(0.1)
    assert (ready.status_code, ready.json()["worker"]) == (200, "elsewhere")
    assert inside("--server", url, "workers").out == "No worker runs. Start one: pilothouse worker\n"
    assert "7" in inside("--server", url, "limits", "set", "--tenant", "acme", "--concurrency", "7").out
    assert rows(conninfo, "select tenant_id, concurrency from limits") == [("acme", 7)]
    assert "removed" in inside("--server", url, "limits", "remove", "--tenant", "acme").out
    assert "No limits." in inside("--server", url, "limits", "list").out


async def test_a_run_that_this_machine_cannot_execute_says_what_is_missing(
    data: Path, tmp_path: Path, conninfo: str
) -> None:
    shell = Shell(data, tmp_path, "heavy:app")
    done = shell("run", "heavy", "7", "--no-save", PILOTHOUSE_WORKER_LABELS='{"gpu": "a100"}')
    assert (done.code, "lacks" in done.err) == (0, False)
    command = shell.command("run", "heavy", "7", "--no-save")
    process = subprocess.Popen(command, cwd=tmp_path, env=shell.environment, stderr=subprocess.PIPE)  # noqa: ASYNC220 - awaited below
    assert process.stderr is not None
    told = await asyncio.to_thread(process.stderr.readline)
    assert told == b"This machine lacks gpu=a100: the run waits for a worker that has it.\n"
    process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 20) == 130
    process.stderr.close()
    assert rows(conninfo, "select status from runs where workflow = 'heavy' order by id") == [
        ("completed",), ("queued",)
    ]  # fmt: skip
