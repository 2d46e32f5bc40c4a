from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from pilothouse.kit.postgres import attach, start, status, stop
from pilothouse.kit.postgres.errors import Busy, NoSpace, OtherMajor, StartFailed
from pilothouse.kit.postgres.launcher import bring_up
from pilothouse.kit.postgres.locks import is_held
from pilothouse.kit.postgres.place import Place, find
from pilothouse.kit.postgres.processes import matching

Kill = Callable[[int], None]
Spawn = Callable[..., "subprocess.Popen[str]"]


def place_of(data: Path) -> Place:
    place = find(data)
    assert place is not None
    return place


def answer(data: Path) -> object:
    """What a new attachment gets from a table that was filled before."""
    with attach(data) as attachment, psycopg.connect(attachment.dsn) as connection:
        row = connection.execute("SELECT a FROM kept").fetchone()
    return row[0] if row else None


@pytest.fixture
def filled(data: Path) -> Path:
    """A data folder with a committed row 7 in the table `kept`; its server runs until stopped or killed."""
    start(data)
    with attach(data) as attachment, psycopg.connect(attachment.dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 7 AS a")
    place_of(data).keep_mark.unlink()
    return data


def kill_all(data: Path, kill: Kill) -> None:
    """Kill the server with all its processes at once, as a power failure would."""
    name = place_of(data).cluster_name
    pids = matching(f"cluster_name={name}") + matching(f"postgres: {name}:")
    assert len(pids) > 3
    for pid in pids:
        with suppress(ProcessLookupError):  # the others' death has ended it
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with suppress(ProcessLookupError):
            kill(pid)


def test_a_server_killed_with_all_its_processes_starts_again_with_what_was_committed(
    filled: Path, kill: Kill
) -> None:
    kill_all(filled, kill)
    assert (filled / "postgres/18/postmaster.pid").exists()
    assert (place_of(filled).socket_dir / ".s.PGSQL.5432").exists()
    assert answer(filled) == 7


def test_a_server_whose_first_process_was_killed_starts_again(filled: Path, kill: Kill) -> None:
    kill(status(filled).pid)
    assert answer(filled) == 7


def test_processes_that_do_not_notice_the_servers_death_are_ended(filled: Path, kill: Kill) -> None:
    def compute(dsn: str) -> None:
        with psycopg.connect(dsn) as connection, pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)")

    with attach(filled) as attachment:
        thread = threading.Thread(target=compute, args=[attachment.dsn])
        thread.start()
        time.sleep(0.1)
        kill(status(filled).pid)
        time.sleep(0.1)
        assert is_held(place_of(filled).server_lock, exclusively=True)
        assert answer(filled) == 7
        thread.join()


@pytest.mark.parametrize("whose", ["mine", "a zombie's"])
def test_a_pid_file_whose_pid_is_another_process_now_is_no_obstacle(
    filled: Path, kill: Kill, whose: str
) -> None:
    kill_all(filled, kill)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    if whose == "a zombie's":
        other.communicate(b"\n")
    for file in (filled / "postgres/18/postmaster.pid", place_of(filled).socket_dir / ".s.PGSQL.5432.lock"):
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
    try:
        assert answer(filled) == 7
    finally:
        other.communicate()


def test_a_socket_folder_that_is_cleaned_away_is_replaced_while_the_server_runs(filled: Path) -> None:
    with attach(filled) as attachment:
        pid = status(filled).pid
        shutil.rmtree(attachment.socket_dir)
        assert answer(filled) == 7
        assert status(filled).pid == pid
        with psycopg.connect(attachment.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not status(filled).running
    assert answer(filled) == 7


def test_the_server_stops_where_its_socket_was_cleaned_away(filled: Path) -> None:
    shutil.rmtree(place_of(filled).socket_dir)
    assert status(filled).starting
    assert stop(filled)
    assert not status(filled).starting


def test_another_runtime_folder_in_the_environment_finds_the_same_server_of_a_very_long_path(
    nobody_folder: tuple[int, Path], as_user: Callable[..., str]
) -> None:
    uid, data = nobody_folder
    code = """
import shutil
from pathlib import Path
from pilothouse.kit.postgres import attach, status
data, one, two = (Path(sys.argv[1], name) for name in ("/".join(["x" * 200] * 10), "one", "two"))
one.mkdir(mode=0o700, parents=True), two.mkdir(mode=0o700)
os.environ["XDG_RUNTIME_DIR"] = str(one)
with attach(data) as first:
    pid = status(data).pid
    os.environ["XDG_RUNTIME_DIR"] = str(two)
    with attach(data) as second:
        print(first.socket_dir == second.socket_dir, first.socket_dir.is_relative_to(one))
    shutil.rmtree(one)  # as when the user of the first session logs out
    for _ in range(2):
        with attach(data) as third, psycopg.connect(third.dsn):
            print(third.socket_dir.is_relative_to(two), status(data).pid == pid)
"""
    assert as_user(uid, code, data).splitlines() == ["True True", "True True", "True True"]


def test_a_folder_made_anew_under_the_name_of_another_does_not_meet_its_server(filled: Path) -> None:
    old = status(filled)
    moved = filled.rename(filled.with_name("moved"))
    try:
        with attach(filled) as attachment:
            assert status(filled).pid != old.pid
            assert attachment.socket_dir != old.socket_dir
            with psycopg.connect(attachment.dsn) as connection:
                assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
        assert status(moved).pid == old.pid
        assert stop(moved)
    finally:
        shutil.rmtree(filled)
        moved.rename(filled)
    assert answer(filled) == 7


def test_data_of_a_newer_version_is_refused(data: Path) -> None:
    cluster = data / "postgres/18"
    cluster.rename(data / "postgres/99")
    try:
        with pytest.raises(OtherMajor, match="is of PostgreSQL 99, and this installation runs 18"):
            attach(data)
    finally:
        (data / "postgres/99").rename(cluster)


def test_a_server_that_refuses_its_settings_is_a_clear_error(data: Path) -> None:
    own = data / "postgres/18/postgresql.auto.conf"
    before = own.read_text()
    own.write_text("shared_buffers = 'much'\n")
    try:
        with pytest.raises(StartFailed, match='invalid value for parameter "shared_buffers"'):
            attach(data)
    finally:
        own.write_text(before)
    attach(data).close()


def test_a_server_whose_data_is_damaged_says_where_its_log_is(data: Path) -> None:
    control = data / "postgres/18/global/pg_control"
    control.rename(control.with_name("hidden"))
    try:
        with pytest.raises(StartFailed, match=r"could not open file .*/global/pg_control.* See .*log"):
            attach(data)
    finally:
        control.with_name("hidden").rename(control)


def test_a_server_that_does_not_answer_in_time_is_a_clear_error(filled: Path, kill: Kill) -> None:
    place = place_of(filled)
    pids = matching(f"cluster_name={place.cluster_name}")
    (place.socket_dir / ".s.PGSQL.5432").unlink()
    (filled / "postgres/18/pg_stat_tmp/.s.PGSQL.5432").unlink()
    with pytest.raises(Busy, match=r"did not answer within 0\.05 seconds"):
        bring_up(place, patience=0.05)
    assert matching(f"cluster_name={place.cluster_name}") == pids


def test_a_deleted_lock_file_does_not_lead_to_a_second_server(filled: Path) -> None:
    place = place_of(filled)
    pid = status(filled).pid
    place.server_lock.rename(place.home / "aside")
    (place.socket_dir / ".s.PGSQL.5432").unlink()
    try:
        with pytest.raises(Busy, match=rf"runs \(pid {pid}\), but .*server.lock was deleted"):
            attach(filled)
    finally:
        (place.home / "aside").rename(place.server_lock)
    assert answer(filled) == 7


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 130 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=130m", "none", disk], check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount a small disk")
    yield disk
    stop(disk, force=True)
    subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_a_clear_error_and_loses_nothing(small_disk: Path, kill: Kill) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(60 * 2**20))
    with pytest.raises(NoSpace, match="A first start needs 100 MB; 70 MB are free"):
        attach(small_disk)
    ballast.unlink()
    with attach(small_disk) as attachment, psycopg.connect(attachment.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS a")
    free = os.statvfs(small_disk)
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize))
    with pytest.raises(NoSpace, match=r"postgres stopped: .*No space left on device.* Free some space"):
        attach(small_disk)
    ballast.unlink()
    assert answer(small_disk) == 7


def test_a_folder_without_permission_is_a_clear_error(
    nobody_folder: tuple[int, Path], as_user: Callable[..., str]
) -> None:
    uid, folder = nobody_folder
    code = """
from pathlib import Path
from pilothouse.kit.postgres import attach
from pilothouse.kit.postgres.errors import FolderNotUsable
try:
    attach(Path(sys.argv[1]))
except FolderNotUsable as error:
    print(error)
"""
    folder.mkdir(mode=0o500)
    os.chown(folder, uid, uid)
    assert "Permission denied" in as_user(uid, code, folder / "data")
