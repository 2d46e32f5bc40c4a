"""What `pilothouse db start|stop|status|psql` does with the embedded PostgreSQL of a data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pilothouse.errors import NotFound
from pilothouse.kit.postgres import archiving, files, logs
from pilothouse.kit.postgres.archiving import Archive
from pilothouse.kit.postgres.attachment import attach, sole_holder, starting
from pilothouse.kit.postgres.cluster import current
from pilothouse.kit.postgres.configuration import DATABASE, conninfo
from pilothouse.kit.postgres.errors import InUse, NotRunning, explaining
from pilothouse.kit.postgres.locks import is_held
from pilothouse.kit.postgres.place import Place, find
from pilothouse.kit.postgres.postmaster import answering, read
from pilothouse.kit.postgres.processes import having_open
from pilothouse.kit.postgres.stopping import bring_down
from pilothouse.kit.postgres.wheel import newest


@dataclass(frozen=True)
class Status:
    """The state of a data folder's server.

    `running` means that it answers, `starting` that it lives but does not answer (yet, or no longer).
    `major` is the version of the data, None before the first start; `version` that of the running server,
    for example `18.4`. `kept` means that it stays when its last holder leaves. `holders` are the pids
    attached to it. `size` is what the data and its log take on the disk, in bytes. `archive` is the folder
    that its log of writes is archived to, `archiving` how that goes, in words, where the server runs.
    """

    data: Path
    running: bool
    starting: bool
    pid: int | None
    version: str | None
    major: int | None
    socket_dir: Path | None
    kept: bool
    holders: tuple[int, ...]
    size: int
    log: Path | None
    archive: Path | None = None
    archiving: str | None = None


@dataclass(frozen=True)
class Command:
    """A command line, and the environment variables to set besides those of the caller."""

    arguments: list[str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Upgraded:
    """The major versions of the data before and after; equal if there was nothing to do."""

    before: int
    after: int


def status(data: Path) -> Status:
    """Look at the server of the folder `data` without starting or making anything."""
    with explaining(data):
        place = find(data)
        if place is None:
            resolved = data.expanduser().resolve()
            return Status(resolved, False, False, None, None, None, None, False, (), 0, None)
        cluster = current(place.home)
        socket_dir = answering(place)
        lives = socket_dir is not None or is_held(place.server_lock, exclusively=True)
        postmaster = read(cluster.path) if cluster and lives else None
        archive = archiving.read(place)
        return Status(
            data=place.data,
            running=socket_dir is not None,
            starting=lives and socket_dir is None,
            pid=postmaster.pid if postmaster else None,
            version=_version(socket_dir),
            major=cluster.major if cluster else None,
            socket_dir=socket_dir,
            kept=place.keep_mark.exists(),
            holders=having_open(place.holders_lock),
            size=files.size_of(place.home),
            log=logs.newest(cluster.path) if cluster else None,
            archive=archive.folder if archive else None,
            archiving=_archiving(socket_dir) if archive else None,
        )


def start(data: Path, *, server_user: str | None = None, archive: Archive | None = None) -> Status:
    """Start the server of the folder `data` if need be, and have it stay until `stop`; see `attach`.

    It then also stays when it was started anew after a crash or a restart of the machine.
    """
    with attach(data, server_user=server_user, archive=archive) as attachment:
        with explaining(data):
            attachment.place.keep_mark.touch(mode=0o600)
        return status(data)


def stop(data: Path, *, force: bool = False) -> bool:
    """Stop the server of the folder `data` and no longer keep it. False if none was running.

    Raises `InUse`, naming their pids, while processes are attached; `force` stops it all the same, so
    that their next statement fails.
    """
    with explaining(data):
        place = find(data)
        if place is None:
            return False
        with starting(place):
            with sole_holder(place) as alone:
                if alone or force:
                    place.keep_mark.unlink(missing_ok=True)
                    return bring_down(place)
            raise _in_use(place)


def stop_archiving(data: Path) -> Path | None:
    """Have the server of `data` archive no longer, from its next start on; where it did, if it did."""
    with explaining(data):
        place = find(data)
        archive = archiving.read(place) if place else None
        if place is None or archive is None:
            return None
        archiving.write(place, None)
        return archive.folder


def psql_command(data: Path, database: str = DATABASE) -> Command:
    """The command that opens `psql` on a running server; attach first, so that it keeps running meanwhile.

    Raises `NotRunning`.
    """
    with explaining(data):
        place = find(data)
        socket_dir = answering(place) if place else None
    if socket_dir is None:
        raise NotRunning(f"PostgreSQL for {data} is not running.", hint="Start it with: pilothouse db start")
    # The wheel's terminal library looks for descriptions of terminals where it was built.
    terminals = os.environ.get("TERMINFO_DIRS") or "/etc/terminfo:/lib/terminfo:/usr/share/terminfo"
    return Command([newest().program("psql"), conninfo(socket_dir, database)], {"TERMINFO_DIRS": terminals})


def upgrade(data: Path) -> Upgraded:
    """Upgrade the data of the folder `data` with pg_upgrade, in copy mode, to the newest server in the wheel.

    The new cluster is made in a draft, started, its extensions updated and its statistics completed; only
    then does it take the old one's place, which is removed. Raises `InUse` while processes are attached,
    `OtherMajor` if the wheel lacks the old version, `NoSpace`, `NotFound`, `UpgradeFailed`.
    """
    from pilothouse.kit.postgres.upgrading import upgraded

    with explaining(data):
        place = find(data)
        cluster = current(place.home) if place else None
        if place is None or cluster is None:
            raise NotFound(f"There is no PostgreSQL data in {data}.")
        with starting(place):
            with sole_holder(place) as alone:
                if alone:
                    bring_down(place)
                    return Upgraded(cluster.major, upgraded(place, cluster))
            raise _in_use(place)


def _in_use(place: Place) -> InUse:
    """The error that names the processes attached to `place`."""
    pids = ", ".join(map(str, having_open(place.holders_lock)))
    return InUse(
        f"PostgreSQL for {place.data} is in use by {f'the processes {pids}' if pids else 'other processes'}.",
        hint="End them first, or add --force: their next statement then fails.",
    )


def _version(socket_dir: Path | None) -> str | None:
    if socket_dir is None:
        return None
    from pilothouse.kit.postgres import databases

    return databases.version(conninfo(socket_dir, databases.MAINTENANCE))


def _archiving(socket_dir: Path | None) -> str | None:
    if socket_dir is None:
        return None
    from pilothouse.kit.postgres import databases

    return databases.archiving(conninfo(socket_dir, databases.MAINTENANCE))
