from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg
import pytest

from pilothouse.kit.postgres import configuration, place
from pilothouse.kit.postgres.accounts import Account, me
from pilothouse.kit.postgres.copies import readable
from pilothouse.kit.postgres.creation import initialise
from pilothouse.kit.postgres.errors import FolderNotUsable
from pilothouse.kit.postgres.launcher import Startable, enter, launch, wait
from pilothouse.kit.postgres.locks import open_lock
from pilothouse.kit.postgres.wheel import PACKAGE, Server, newest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@pytest.fixture
def private(tmp_path: Path) -> Server:
    """The wheel's server below a folder that nobody but root may enter."""
    package = newest().root.parent
    target = tmp_path / "site" / PACKAGE
    shutil.copytree(
        newest().root, target / newest().root.name, ignore=shutil.ignore_patterns("include", "pgxs")
    )
    for libraries in package.parent.glob(f"{PACKAGE}.libs"):
        shutil.copytree(libraries, target.parent / libraries.name)
    assert not tmp_path.parent.stat().st_mode & 0o001
    return Server(target / newest().root.name, newest().major)


def test_a_server_that_the_user_may_not_read_is_copied_and_its_folders_stay_closed(
    private: Server, account: Account, open_folder: Path, empty: Path
) -> None:
    folders = [private.root, *private.root.parents]
    before = [folder.stat().st_mode for folder in folders]
    cache = open_folder / "cache"
    copy = readable(private, account, cache)
    assert copy.root.is_relative_to(cache)
    assert [folder.stat().st_mode for folder in folders] == before
    assert {path.stat().st_uid for path in cache.rglob("*")} == {0}
    assert not any(path.stat().st_mode & 0o022 for path in cache.rglob("*"))
    assert not (copy.root / "include").exists()

    made = copy.root.stat().st_mtime_ns
    assert readable(private, account, cache) == copy
    assert copy.root.stat().st_mtime_ns == made

    here = place.make(empty)
    gate = open_lock(here.server_lock)
    enter(here, gate)
    cluster = initialise(here, copy, account, gate)
    launch(here, Startable(cluster, copy, account), gate)
    os.close(gate)
    with psycopg.connect(configuration.conninfo(wait(here, cluster.path, {}), "pilothouse")) as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT now() AT TIME ZONE 'Europe/Zurich'").fetchone()


@pytest.fixture
def tiny(tmp_path: Path) -> Server:
    """What looks like a server below a folder that nobody but root may enter."""
    root = tmp_path / "site" / PACKAGE / "pginstall18"
    for name in ("bin/postgres", "lib/postgresql/vector.so", "lib/libpq.a", "share/postgresql/postgres.bki"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "bin/postgres").chmod(0o700)
    return Server(root, 18)


def test_a_changed_server_is_copied_anew(tiny: Server, account: Account, open_folder: Path) -> None:
    first = readable(tiny, account, open_folder)
    (tiny.root / "share/postgresql/postgres.bki").write_text("# PostgreSQL 18\n")
    second = readable(tiny, account, open_folder)
    assert second != first
    assert not (second.root / "lib/libpq.a").exists()
    assert (second.root / "bin/postgres").stat().st_mode & 0o777 == 0o755
    assert (second.root / "share/postgresql/postgres.bki").read_text() == "# PostgreSQL 18\n"


def test_a_server_that_may_be_run_is_not_copied(tiny: Server) -> None:
    assert readable(tiny, me()) is tiny


def test_a_copy_where_the_user_cannot_reach_it_is_refused(
    tiny: Server, account: Account, tmp_path: Path
) -> None:
    with pytest.raises(
        FolderNotUsable, match=f"{account.name} may read neither the server in .* nor its copy"
    ):
        readable(tiny, account, tmp_path / "cache")


def test_a_copy_that_another_user_could_have_changed_is_refused(
    tiny: Server, account: Account, open_folder: Path
) -> None:
    copy = readable(tiny, account, open_folder)
    home = copy.root.parent.parent
    home.chmod(0o777)
    with pytest.raises(FolderNotUsable, match="could have been changed by another user"):
        readable(tiny, account, open_folder)
    home.chmod(0o755)
    os.chown(home, account.uid, -1)
    with pytest.raises(FolderNotUsable, match=f"Remove {home}"):
        readable(tiny, account, open_folder)
