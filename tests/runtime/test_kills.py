"""`kill -9` at random points: the run goes on, computes nothing again that was journalled, ends the same."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from support import killable

TESTS = Path(__file__).parents[1]
ARTIFACTS = "select name, sha256 from artifacts where run_id = %s order by name"
JOURNALLED = "select key, kind from journal where run_id = %s and kind in ('completed', 'outcome')"
COMPUTED_ONCE = "select count(*), count(distinct key) from journal where run_id = %s and kind = any(%s)"


def execute(conninfo: str, folder: Path, run_id: UUID, computed: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**kept, "PYTHONPATH": str(TESTS), "COMPUTED": str(computed)}
    command = [sys.executable, "-m", "support.killable", conninfo, str(folder), str(run_id)]
    return subprocess.Popen(command, env=environment)


def rows(conninfo: str, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query, parameters).fetchall()


def status(conninfo: str, run_id: UUID) -> object:
    return rows(conninfo, "select status from runs where id = %s", run_id)[0][0]


def noted(computed: Path) -> list[str]:
    return computed.read_text().splitlines() if computed.exists() else []


def done(conninfo: str, run_id: UUID) -> int:
    return len(rows(conninfo, JOURNALLED, run_id))


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.long)])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(
    conninfo: str, tmp_path: Path, kills: int
) -> None:
    expected = asyncio.run(killable.submit(conninfo, tmp_path))
    calm = tmp_path / "calm"
    assert execute(conninfo, tmp_path, expected, calm).wait(60) == 0
    moments = random.Random(7)
    left, killed = kills, 0
    while left:
        run_id = asyncio.run(killable.submit(conninfo, tmp_path))
        computed = tmp_path / f"computed-{left}"
        while status(conninfo, run_id) != "completed":
            process = execute(conninfo, tmp_path, run_id, computed)
            started, wait = done(conninfo, run_id), moments.uniform(0.0, 0.4)
            while done(conninfo, run_id) == started and process.poll() is None:
                time.sleep(0.005)  # it works again: from here on it may be killed at any moment
            if left:
                time.sleep(wait)
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    left, killed = left - 1, killed + 1
            assert process.wait(60) in {0, -signal.SIGKILL}
        again = len(noted(computed)) - len(noted(calm))
        assert 0 <= again <= 3 * kills  # at most what was in flight at each kill: two branches and a tool
        assert set(noted(computed)) == set(noted(calm))
        assert rows(conninfo, ARTIFACTS, run_id) != []
        for kind in ("completed", "outcome", "saved"):
            entries, keys = rows(conninfo, COMPUTED_ONCE, run_id, [kind])[0]
            assert entries == keys  # no step was journalled twice
    assert killed == kills


def test_what_was_journalled_before_the_kill_is_not_computed_after_it(conninfo: str, tmp_path: Path) -> None:
    run_id = asyncio.run(killable.submit(conninfo, tmp_path))
    first, second = tmp_path / "first", tmp_path / "second"
    process = execute(conninfo, tmp_path, run_id, first)
    while done(conninfo, run_id) < 20:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = {key for key, kind in rows(conninfo, JOURNALLED, run_id) if kind == "outcome"}
    assert execute(conninfo, tmp_path, run_id, second).wait(60) == 0
    told = {line.partition(" ")[2] for line in noted(second) if line.startswith("tell ")}
    assert before
    assert told
    assert not before & told


def test_a_frozen_worker_loses_its_run_and_can_append_nothing_when_it_wakes(
    conninfo: str, tmp_path: Path
) -> None:
    run_id = asyncio.run(killable.submit(conninfo, tmp_path))
    frozen = execute(conninfo, tmp_path, run_id, tmp_path / "frozen")
    while done(conninfo, run_id) < 5:
        time.sleep(0.005)
    frozen.send_signal(signal.SIGSTOP)
    try:
        (epoch,) = rows(conninfo, "select epoch from runs where id = %s", run_id)[0]
        assert execute(conninfo, tmp_path, run_id, tmp_path / "other").wait(60) == 0
        assert status(conninfo, run_id) == "completed"
        ((later, entries),) = rows(conninfo, "select epoch, seq from runs where id = %s", run_id)
        assert later != epoch
        before = len(noted(tmp_path / "frozen"))
    finally:
        frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(60) == 0
    assert rows(conninfo, "select seq from runs where id = %s", run_id) == [(entries,)]
    assert len(noted(tmp_path / "frozen")) <= before + 2  # at most what was under way in its two branches
    assert not [line for line in noted(tmp_path / "frozen")[before:] if line.startswith("tell ")]
