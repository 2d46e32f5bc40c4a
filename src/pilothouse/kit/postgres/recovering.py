"""Brings a data folder back to a moment: from a copy of the server's files and the archived WAL.

It is done in a draft. Only once the recovered server has worked does it take the other one's place, which is
kept under another name.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres import archiving, files
from pilothouse.kit.postgres.accounts import of_uid, server_account
from pilothouse.kit.postgres.archiving import Archive
from pilothouse.kit.postgres.attachment import sole_holder, starting
from pilothouse.kit.postgres.cluster import RESTORED, Cluster, current
from pilothouse.kit.postgres.configuration import DATABASE, conninfo
from pilothouse.kit.postgres.copies import readable
from pilothouse.kit.postgres.creation import draft_folder, insist_on_space, remove_drafts
from pilothouse.kit.postgres.errors import InUse, OtherMajor, explaining
from pilothouse.kit.postgres.launcher import Startable
from pilothouse.kit.postgres.passing import passing
from pilothouse.kit.postgres.place import Place, make
from pilothouse.kit.postgres.stopping import bring_down, end_orphans
from pilothouse.kit.postgres.wheel import servers

PATIENCE = 6 * 3600.0
"""Seconds for a recovery, which is as long as there is WAL to read."""

_GROWS = 4  # a compressed copy of the files against the files


@dataclass(frozen=True)
class Base:
    """A copy of a server's files, as pg_basebackup makes it in tar format, and its major version."""

    folder: Path
    major: int


def recover(
    data: Path, base: Base, archive: Archive, until: dt.datetime | None, settle: Callable[[str], None]
) -> Path | None:
    """Bring the folder `data` back to the moment `until`, or to the end of the archive.

    `settle` is called with the connection string of the recovered database before anybody else may use it.
    Returns where the cluster is kept that was there before, if there was one. Raises `InUse`, `OtherMajor`,
    `NoSpace`, and `StartFailed` with what the server says where the archive does not reach `until`; the
    data is as it was then.
    """
    with explaining(data):
        place = make(data)
        with starting(place), sole_holder(place) as alone:
            if not alone:
                raise InUse(
                    f"PostgreSQL for {place.data} is in use by other processes.", hint="End them first."
                )
            bring_down(place)
            archiving.write(place, archive)
            return _recovered(place, base, archive, until, settle)


def _recovered(
    place: Place, base: Base, archive: Archive, until: dt.datetime | None, settle: Callable[[str], None]
) -> Path | None:
    before = current(place.home)
    newest = servers()[-1]
    if base.major != newest.major:
        raise OtherMajor(
            f"The backup is of PostgreSQL {base.major}, and this installation runs {newest.major}.",
            hint="A copy of a server's files fits its own version only; restore a dump instead.",
        )
    account = of_uid(before.path.stat().st_uid) if before else server_account()
    size = sum(path.stat().st_size for path in base.folder.iterdir())
    insist_on_space(place.data, _GROWS * size, "A restore")
    remove_drafts(place)
    draft = draft_folder(place, account)
    startable = Startable(Cluster(draft, newest.major), readable(newest, account), account)
    try:
        _unpack(base.folder, draft)
        (draft / "recovery.signal").touch(mode=0o600)
        if not account.is_me:
            _give(draft, account.uid, account.gid)
        moment = until.astimezone(dt.UTC).isoformat() if until else None
        with (
            archiving.replaying(archive, account, moment) as extra,
            passing(place, startable, extra, PATIENCE) as socket_dir,
        ):
            settle(conninfo(socket_dir, DATABASE))
        return _exchange(place, before, startable.cluster)
    finally:
        end_orphans(place)
        remove_drafts(place)


def _unpack(folder: Path, target: Path) -> None:
    """Unpack the archives of pg_basebackup: the files, and the WAL that makes them consistent."""
    for name, into in (("base.tar.gz", target), ("pg_wal.tar.gz", target / "pg_wal")):
        with tarfile.open(folder / name, "r:gz") as archive:
            archive.extractall(into, filter="data")
    target.chmod(0o700)


def _give(folder: Path, uid: int, gid: int) -> None:
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            os.chown(Path(parent, name), uid, gid, follow_symlinks=False)


def _exchange(place: Place, before: Cluster | None, new: Cluster) -> Path | None:
    """Give the new cluster the old one's name; wherever that is interrupted, one of the two is current."""
    waiting = place.home / f"{RESTORED}{new.major}"
    kept = None
    if before is not None and before.path == waiting:  # an earlier restore was interrupted here
        before = Cluster(waiting.rename(place.home / str(before.major)), before.major)
    elif waiting.exists():
        shutil.rmtree(waiting)
    new.path.rename(waiting)
    if before is not None:
        kept = before.path.rename(
            place.home / f"replaced-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
        )
    waiting.rename(place.home / str(new.major))
    files.sync_folder(place.home)
    return kept
