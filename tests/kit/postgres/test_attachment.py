from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pilothouse.errors import NotFound
from pilothouse.kit.postgres import attach, start, status
from pilothouse.kit.postgres.errors import DatabaseExists, FolderNotUsable
from pilothouse.kit.postgres.place import find
from pilothouse.kit.postgres.processes import matching

Spawn = Callable[..., "subprocess.Popen[str]"]


def told(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def asked(dsn: str, question: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def test_the_first_attachment_made_the_database_and_opened_no_folder_to_the_servers_user(data: Path) -> None:
    modes = [folder.stat().st_mode for folder in data.parents]
    assert any(not mode & 0o001 for mode in modes)  # pytest's own, which others may not enter
    with attach(data) as attachment:
        assert asked(attachment.dsn, "SELECT current_database()") == "pilothouse"
        owner = (data / "postgres/18").stat().st_uid
        assert Path(f"/proc/{status(data).pid}").stat().st_uid == owner
        assert owner != 0
    assert not status(data).running
    assert [folder.stat().st_mode for folder in data.parents] == modes


def test_the_server_is_private_durable_and_in_utc(data: Path) -> None:
    with attach(data) as attachment, psycopg.connect(attachment.dsn) as connection:
        names = ["fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "wal_level", "jit"]
        names += ["TimeZone", "server_encoding", "unix_socket_permissions"]
        values = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names}
        provider = connection.execute("SELECT datlocprovider, datlocale FROM pg_database").fetchone()
        assert values.pop("TimeZone") == "UTC"
        assert values == {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "listen_addresses": "",
            "wal_level": "replica",
            "jit": "off",
            "server_encoding": "UTF8",
            "unix_socket_permissions": "0700",
        }
        assert provider == ("b", "C.UTF-8")
        assert attachment.socket_dir.stat().st_mode & 0o777 == 0o700
        for folder in (data / "postgres", *(data / "postgres").glob("18")):
            assert folder.stat().st_mode & 0o777 == 0o700


def test_vectors_are_available(data: Path) -> None:
    with attach(data) as attachment:
        told(attachment.dsn, "DROP EXTENSION IF EXISTS vector", "CREATE EXTENSION vector")
        assert asked(attachment.dsn, "SELECT '[1,2]'::vector <-> '[1,5]'") == 3.0


def test_two_attachments_of_one_process_share_the_server_and_the_last_stops_it(data: Path) -> None:
    first, second = attach(data), attach(data)
    pid = status(data).pid
    first.close()
    first.close()
    assert status(data).pid == pid
    assert asked(second.dsn, "SELECT 1") == 1
    second.close()
    assert not status(data).running


def test_threads_may_attach_and_close_at_the_same_time(data: Path) -> None:
    answers: list[object] = []

    def work() -> None:
        for _ in range(3):
            with attach(data) as attachment:
                answers.append(asked(attachment.dsn, "SELECT 1"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 12
    assert not status(data).running


def test_processes_that_start_at_the_same_instant_after_one_was_killed_in_its_first_start_share_one_server(
    empty: Path, hold: Spawn
) -> None:
    killed = hold(empty)
    while not list(empty.glob("postgres/.draft-*/base")):
        assert killed.poll() is None
    killed.kill()
    processes = [hold(empty) for _ in range(3)]
    dsns = {process.stdout.readline() for process in processes}
    assert len(dsns) == 1
    assert list(empty.glob("postgres/.draft-*")) == []
    assert set(status(empty).holders) == {process.pid for process in processes}
    here = find(empty)
    assert here is not None
    assert matching(f"cluster_name={here.cluster_name}") == (status(empty).pid,)
    for process in processes:
        assert process.communicate()[0] == "closed\n"
    assert not status(empty).running


def test_a_killed_holder_does_not_keep_the_next_from_stopping_the_server(data: Path, hold: Spawn) -> None:
    process = hold(data)
    process.stdout.readline()
    process.kill()
    process.wait()
    assert status(data).running
    assert status(data).holders == ()
    with attach(data) as attachment:
        assert asked(attachment.dsn, "SELECT 1") == 1
    assert not status(data).running


def test_ctrl_c_reaches_the_process_and_not_the_server(data: Path, hold: Spawn) -> None:
    with attach(data) as attachment:
        process = hold(data, start_new_session=True, stderr=subprocess.DEVNULL)
        process.stdout.readline()
        assert os.getsid(status(data).pid) not in {os.getsid(0), process.pid}
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() != 0
        assert asked(attachment.dsn, "SELECT 1") == 1
        assert status(data).holders == (os.getpid(),)


def test_a_server_that_an_interrupted_process_started_survives_ctrl_c_in_its_terminal(
    data: Path, hold: Spawn
) -> None:
    starter = hold(data, start_new_session=True, stderr=subprocess.DEVNULL)
    starter.stdout.readline()
    with attach(data) as attachment:
        os.killpg(starter.pid, signal.SIGINT)
        starter.wait()
        assert asked(attachment.dsn, "SELECT 1") == 1


def test_an_attachment_that_nobody_closed_is_closed_at_exit(data: Path) -> None:
    code = "import sys; from pathlib import Path; from pilothouse.kit.postgres import attach\n"
    code += "kept = attach(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, data], check=True)
    assert not status(data).running


def test_a_forked_process_holds_its_parents_attachment_too(data: Path, spawn: Spawn) -> None:
    code = """
import os, sys
from pathlib import Path
from pilothouse.kit.postgres import attach, status
data = Path(sys.argv[1])
attachment = attach(data)
for closes_first in ("child", "parent"):
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(theirs)
        if closes_first == "parent":
            os.read(ours, 1)
        attachment.close()
        os._exit(0)
    os.close(ours)
    if closes_first == "parent":
        attachment.close()
        print(status(data).running)
    os.close(theirs)
    os.waitpid(child, 0)
    print(status(data).running)
"""
    assert spawn(code, data).communicate()[0].split() == ["True", "True", "False"]


def test_a_server_that_is_to_be_kept_outlives_its_holders(data: Path) -> None:
    start(data)
    attach(data).close()
    assert status(data).running


def test_an_attachment_revives_a_server_that_was_killed(data: Path, kill: Callable[[int], None]) -> None:
    with attach(data) as attachment:
        kill(status(data).pid)
        attachment.revive()
        assert asked(attachment.dsn, "SELECT 1") == 1
        attachment.revive()
        assert asked(attachment.dsn, "SELECT 1") == 1


def test_databases_are_copied_from_a_template_and_dropped(data: Path) -> None:
    with attach(data) as attachment:
        template = attachment.create_database("template")
        told(template, "CREATE TABLE t AS SELECT 7 AS a")
        copy = attachment.create_database('a "name"', template="template")
        assert copy == attachment.dsn_for('a "name"')
        assert asked(copy, "SELECT a FROM t") == 7
        with psycopg.connect(copy):
            attachment.drop_database('a "name"')
        attachment.drop_database('a "name"')
        with pytest.raises(DatabaseExists, match="template"):
            attachment.create_database("template")
        with pytest.raises(NotFound, match="missing"):
            attachment.create_database("other", template="missing")


def test_the_user_may_connect_as_any_role(data: Path) -> None:
    with attach(data) as attachment:
        told(attachment.dsn, "CREATE ROLE app LOGIN")
        assert asked(attachment.dsn_for("pilothouse", role="app"), "SELECT current_user") == "app"


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300])
def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FolderNotUsable, match="--data") as caught:
        attach(tmp_path / name)
    assert str(tmp_path) in str(caught.value)


def test_an_ordinary_user_runs_the_server_itself(
    nobody_folder: tuple[int, Path], as_user: Callable[..., str]
) -> None:
    uid, data = nobody_folder
    code = """
from pathlib import Path
from pilothouse.kit.postgres import attach, status
data = Path(sys.argv[1])
with attach(data) as attachment, psycopg.connect(attachment.dsn) as connection:
    print(os.stat(f"/proc/{status(data).pid}").st_uid)
    print(connection.execute("SELECT current_database(), current_setting('data_directory')").fetchone())
    print(attachment.socket_dir)
print(status(data).running)
"""
    said = as_user(uid, code, data, env={**os.environ, "XDG_RUNTIME_DIR": ""}).splitlines()
    assert said[:2] == [str(uid), str(("pilothouse", str(data / "postgres" / "18")))]
    assert re.match(rf"/[a-z]+/pilothouse-{uid}-|/run/user/{uid}/", said[2])
    assert said[3] == "False"
    assert (data / "postgres").stat().st_mode & 0o777 == 0o700
    assert (data / "postgres").stat().st_uid == uid


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_a_folder_of_another_user_is_refused(data: Path) -> None:
    os.chown(data / "postgres", 65534, -1)
    for look in (attach, status):
        with pytest.raises(FolderNotUsable, match="belongs to the user with id 65534"):
            look(data)
    os.chown(data / "postgres", 0, -1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_the_servers_environment_holds_nothing_of_roots(data: Path, hold: Spawn) -> None:
    process = hold(data, env={**os.environ, "API_KEY": "secret"})
    process.stdout.readline()
    environment = Path(f"/proc/{status(data).pid}/environ").read_bytes()
    assert b"API_KEY" not in environment
    assert b"LC_ALL=C" in environment
