"""Makes a new cluster whole or not at all: in a draft folder, which gets its name at the very end."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from pilothouse.kit.postgres import files
from pilothouse.kit.postgres.accounts import Account
from pilothouse.kit.postgres.cluster import Cluster
from pilothouse.kit.postgres.configuration import DATABASE, ROLE
from pilothouse.kit.postgres.errors import no_space
from pilothouse.kit.postgres.failures import checked
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.programs import run, way_to
from pilothouse.kit.postgres.wheel import Server

_NEEDED = 100 * 2**20  # bytes that a first start wants free: a new cluster has 40 MB, and the log grows
_DRAFT = ".draft-"
_BUILTIN_SINCE = 17  # since then the server brings the locale C.UTF-8 itself, the same on every system


def initialise(place: Place, server: Server, account: Account, gate: int) -> Cluster:
    """Make a new cluster with the database `pilothouse`, durable, and give it its name at the very end.

    A crash in between leaves a draft, which the next start removes. `gate` is the server's lock, inherited
    by every program, so that nobody else starts while one of them runs on after this process was killed.
    """
    insist_on_space(place.data, 0, "A first start")
    cluster = Cluster(place.home / str(server.major), server.major)
    draft = draft_folder(place, account)
    initdb(draft, server, account, gate)
    with way_to(draft, account) as way:
        inherit = (gate, *way.descriptors)
        # Without fsync up to here: --sync-only then writes everything out in one go.
        single = [server.program("postgres"), "--single", "-F", "-D", way.path, "template1"]
        checked(run(single, account, inherit=inherit, text=f"CREATE DATABASE {DATABASE}\n"), place.data)
        checked(
            run([server.program("initdb"), "--sync-only", "-D", way.path], account, inherit=inherit),
            place.data,
        )
    draft.rename(cluster.path)
    files.sync_folder(place.home)
    return cluster


def draft_folder(place: Place, account: Account) -> Path:
    """A new empty folder, 0700 and owned by `account`, in the place's home."""
    draft = draft_name(place)
    draft.mkdir(mode=0o700)
    if not account.is_me:
        os.chown(draft, account.uid, account.gid)
    return draft


def draft_name(place: Place) -> Path:
    """A name in the place's home that is new; the next start removes what has such a name."""
    return place.home / f"{_DRAFT}{secrets.token_hex(4)}"


def initdb(draft: Path, server: Server, account: Account, gate: int, *options: str) -> None:
    """Run initdb for the folder `draft`: UTF-8, locale C.UTF-8, no sync yet. Raises on failure."""
    locale = ["--locale=C"]
    if server.major >= _BUILTIN_SINCE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with way_to(draft, account) as way:
        arguments = [server.program("initdb"), "-D", way.path, "-U", ROLE, "--encoding=UTF8", *locale]
        arguments += ["--auth-local=peer", "--auth-host=reject", "--no-sync", "--no-instructions", *options]
        checked(run(arguments, account, inherit=(gate, *way.descriptors)), draft)


def remove_drafts(place: Place) -> None:
    """Remove what starts and upgrades left that were killed in between."""
    for draft in place.home.glob(f"{_DRAFT}*"):
        shutil.rmtree(draft)


def insist_on_space(data: Path, more: int, what: str) -> None:
    """Raise `NoSpace` unless the disk of `data` has room for a new cluster and `more` bytes, for `what`."""
    status = os.statvfs(data)
    free = status.f_bavail * status.f_frsize
    if free < _NEEDED + more:
        raise no_space(data, f"{what} needs {(_NEEDED + more) >> 20} MB; {free >> 20} MB are free.")
