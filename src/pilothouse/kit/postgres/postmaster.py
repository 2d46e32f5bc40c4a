"""Reads what the running server writes about itself into `postmaster.pid`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres import files, sockets
from pilothouse.kit.postgres.cluster import current
from pilothouse.kit.postgres.place import Place

FILE = "postmaster.pid"
_READY = "ready"  # PM_STATUS_READY


@dataclass(frozen=True)
class Postmaster:
    """The server's first process as its file tells; whether it lives is not known from this."""

    pid: int
    socket_dir: Path
    ready: bool


def read(cluster: Path) -> Postmaster | None:
    """What `postmaster.pid` says, or None if it is missing or not yet complete.

    Its lines are pid, data folder, start time, port, socket folder, listen address, shared memory and
    status (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_*).
    """
    lines = files.read_end(cluster / FILE, 4096).splitlines()
    if len(lines) < 5 or not lines[0].isdigit():
        return None
    return Postmaster(int(lines[0]), Path(lines[4]), len(lines) > 7 and lines[7].strip() == _READY)


def answering(place: Place, cluster: Path | None = None) -> Path | None:
    """The folder of the socket where this place's server answers, or None.

    That is the one the server was started with, which another environment (XDG_RUNTIME_DIR) may have
    chosen, else the one where this process would have put a link to a lost one. `cluster` is the
    place's current one by default.
    """
    if cluster is None:
        found = current(place.home)
        if found is None:
            return None
        cluster = found.path
    postmaster = read(cluster)
    if postmaster is None or not postmaster.ready:
        return None
    for folder in (postmaster.socket_dir, place.socket_dir):
        if folder.is_absolute() and sockets.answers(folder):
            return folder
    return None
