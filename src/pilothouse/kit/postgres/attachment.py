"""Attaches this process to the embedded PostgreSQL of a data folder, and lets go of it again."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pilothouse.kit.postgres import archiving
from pilothouse.kit.postgres.archiving import Archive
from pilothouse.kit.postgres.configuration import DATABASE, ROLE, conninfo
from pilothouse.kit.postgres.errors import Busy, explaining
from pilothouse.kit.postgres.locks import exclusive, open_lock, try_lock
from pilothouse.kit.postgres.mounts import refuse_network
from pilothouse.kit.postgres.place import Place, find, make
from pilothouse.kit.postgres.postmaster import answering

PATIENCE = 60.0  # seconds to wait for another process that starts or stops the server


class Attachment:
    """Keeps the server of a data folder running for as long as it is open; made by `attach`.

    May be used by several threads. A process forked from this one holds it too, until it closes it or
    ends. An attachment that nobody closed is closed when the interpreter exits.
    """

    def __init__(self, place: Place, holder: int, socket_dir: Path) -> None:
        self.place = place
        self.socket_dir = socket_dir
        self._holder = holder
        self._guard = threading.Lock()
        self._closed = False
        atexit.register(self.close)

    @property
    def dsn(self) -> str:
        """A libpq connection string for the database `pilothouse`, as the role that owns everything."""
        return self.dsn_for(DATABASE)

    def dsn_for(self, database: str, *, role: str = ROLE) -> str:
        """A libpq connection string for `database`; the operating-system user may connect as any `role`."""
        return conninfo(self.socket_dir, database, role)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create the database `name`, a copy of `template` if given, and return its connection string.

        Raises `DatabaseExists`, or `NotFound` if there is no such template. Nobody may be connected to it.
        """
        from pilothouse.kit.postgres import databases

        databases.create(self.dsn_for(databases.MAINTENANCE), name, template)
        return self.dsn_for(name)

    def drop_database(self, name: str) -> None:
        """Drop the database `name`, ending the sessions in it. One that is not there is fine."""
        from pilothouse.kit.postgres import databases

        databases.drop(self.dsn_for(databases.MAINTENANCE), name)

    def revive(self) -> None:
        """Start the server again if it was killed or stopped while attached; `dsn` may be another then."""
        self.socket_dir = answering(self.place) or _brought_up(self.place, None)

    def close(self) -> None:
        """Let go of the server; the last to do so stops it, unless `start` asked to keep it. Idempotent."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        os.close(self._holder)
        _leave(self.place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def attach(data: Path, *, server_user: str | None = None, archive: Archive | None = None) -> Attachment:
    """Attach to the PostgreSQL of the folder `data`, which is made and started as needed.

    For root, `server_user` names the unprivileged user of a cluster that is made now (`pilothouse` by
    default). `archive` says where it is to archive its WAL, from its next start on; without one it stays
    as it is. Raises the errors of `pilothouse.kit.postgres.errors`.
    """
    with explaining(data):
        found = find(data)
        if found and archive:
            archiving.write(found, archive)
        if found and (running := _attached_to_running(found)):
            return running
        refuse_network(data.expanduser().resolve())
        place = make(data)
        if archive:
            archiving.write(place, archive)
        holder = open_lock(place.holders_lock)
    try:
        return Attachment(place, holder, _brought_up(place, server_user, holder))
    except BaseException as error:
        os.close(holder)
        if not isinstance(error, Busy):  # on Ctrl-C, too, a server that is starting must not stay behind
            _leave(place)
        raise


def _attached_to_running(place: Place) -> Attachment | None:
    """An attachment to a server that answers already; None if none does, or it is being stopped."""
    holder = open_lock(place.holders_lock)
    folder = answering(place) if try_lock(holder, shared=True) else None
    if folder:
        return Attachment(place, holder, folder)
    os.close(holder)
    return None


def _brought_up(place: Place, server_user: str | None, holder: int | None = None) -> Path:
    from pilothouse.kit.postgres.launcher import bring_up

    with explaining(place.data), starting(place):
        if holder is not None and not try_lock(holder, shared=True):
            raise Busy(f"The database of {place.data} is held by a process that does not let others in.")
        return bring_up(place, server_user=server_user)


def _leave(place: Place) -> None:
    """Stop the server if nobody holds it any more and nobody asked to keep it."""
    if place.keep_mark.exists() or not place.home.exists():
        return
    with explaining(place.data), starting(place), sole_holder(place) as alone:
        if alone:
            from pilothouse.kit.postgres.stopping import bring_down

            bring_down(place)


def starting(place: Place, patience: float = PATIENCE) -> AbstractContextManager[None]:
    """Hold the start lock of `place`, waiting up to `patience` seconds for it."""
    return exclusive(place.start_lock, patience=patience, what="the database is being started or stopped")


@contextmanager
def sole_holder(place: Place) -> Iterator[bool]:
    """Whether nobody is attached to `place`; if so, nobody can attach meanwhile. Needs the start lock."""
    holder = open_lock(place.holders_lock)
    try:
        yield try_lock(holder, shared=False)
    finally:
        os.close(holder)
