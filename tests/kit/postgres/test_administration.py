from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pilothouse.errors import NotFound
from pilothouse.kit.postgres import Upgraded, attach, psql_command, start, status, stop, upgrade
from pilothouse.kit.postgres.errors import InUse, NotRunning

Spawn = Callable[..., "subprocess.Popen[str]"]


def test_the_status_of_a_folder_that_is_not_there_makes_nothing(empty: Path) -> None:
    found = status(empty)
    assert not found.running
    assert (found.data, found.major, found.holders, found.size) == (empty, None, (), 0)
    assert not empty.exists()
    assert not stop(empty)
    assert not empty.exists()


def test_the_status_of_a_running_server_tells_what_runs_where_for_whom(data: Path, hold: Spawn) -> None:
    process = hold(data)
    with attach(data) as attachment:
        process.stdout.readline()
        found = status(data)
        with psycopg.connect(attachment.dsn) as connection:
            version = connection.execute("SHOW server_version").fetchone()[0]
        assert found.running
        assert not found.starting
        assert not found.kept
        assert Path(f"/proc/{found.pid}/comm").read_text() == "postgres\n"
        assert found.version == version
        assert found.major == int(version.split(".")[0])
        assert found.socket_dir == attachment.socket_dir
        assert set(found.holders) == {os.getpid(), process.pid}
        assert 20 * 2**20 < found.size < 500 * 2**20
        assert found.log is not None
        assert "listening on Unix socket" in found.log.read_text()


def test_the_status_of_a_stopped_server_tells_its_version_of_data(data: Path) -> None:
    found = status(data)
    assert (found.running, found.starting, found.pid, found.version) == (False, False, None, None)
    assert (found.major, found.holders) == (18, ())


def test_a_started_server_stays_until_it_is_stopped(data: Path) -> None:
    started = start(data)
    assert started.running
    assert started.kept
    assert start(data).pid == started.pid
    attach(data).close()
    assert status(data).pid == started.pid
    assert stop(data)
    assert not status(data).running
    assert not status(data).kept
    assert not stop(data)


def test_a_server_that_is_held_is_stopped_only_by_force(data: Path, hold: Spawn) -> None:
    process = hold(data)
    process.stdout.readline()
    with pytest.raises(InUse, match=rf"the processes {process.pid}.*--force"):
        stop(data)
    assert status(data).running
    assert stop(data, force=True)
    assert not status(data).running
    assert process.communicate()[0] == "closed\n"


def test_psql_opens_the_running_server(data: Path) -> None:
    with pytest.raises(NotRunning, match="pilothouse db start"):
        psql_command(data)
    with pytest.raises(NotRunning, match="not running"):
        psql_command(data / "nowhere")
    with attach(data):
        command = psql_command(data)
        said = subprocess.run(
            [*command.arguments, "-XAt", "-c", "SELECT current_database(), current_user"],
            env={**os.environ, **command.environment},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    assert said == "pilothouse|pilothouse\n"


def test_data_of_the_newest_version_needs_no_upgrade(data: Path, empty: Path) -> None:
    assert upgrade(data) == Upgraded(18, 18)
    with pytest.raises(NotFound, match="no PostgreSQL data"):
        upgrade(empty)
    with attach(data), pytest.raises(InUse, match=str(os.getpid())):
        upgrade(data)


def test_a_base_backup_of_the_running_server_can_be_taken(data: Path, tmp_path: Path) -> None:
    with attach(data) as attachment:
        program = Path(psql_command(data).arguments[0]).with_name("pg_basebackup")
        folder = tmp_path / "backup"
        dsn = attachment.dsn_for("postgres")
        command = [program, "-d", dsn, "-D", folder, "-c", "fast", "--no-sync"]
        taken = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert (folder / "PG_VERSION").read_text() == "18\n"
    assert list((folder / "pg_stat_tmp").iterdir()) == []
