"""Brings the server up: whoever calls holds the place's start lock.

Whether the server lives is told by a lock that all its processes inherit. The kernel drops it with the
last of them, so that no pid, which may be reused or be a zombie's, is ever trusted for that.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres import configuration, files, logs, processes, sockets
from pilothouse.kit.postgres.accounts import Account, of_uid, server_account
from pilothouse.kit.postgres.archiving import Extra, archiving
from pilothouse.kit.postgres.cluster import Cluster, current, insist_on_major
from pilothouse.kit.postgres.copies import readable
from pilothouse.kit.postgres.creation import initialise, remove_drafts
from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.failures import from_output
from pilothouse.kit.postgres.locks import is_held, open_lock, try_lock
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.postmaster import FILE, answering, read
from pilothouse.kit.postgres.programs import detach, way_to
from pilothouse.kit.postgres.stopping import GRACE, end_orphans
from pilothouse.kit.postgres.wheel import Server, servers

PATIENCE = 120.0  # seconds for a start, most of which only the recovery of much log needs
_PAUSE = 0.001
NOTHING = Extra()


@dataclass(frozen=True)
class Startable:
    """All that a start needs: the cluster, a server of its version and the user to run it."""

    cluster: Cluster
    server: Server
    account: Account


def bring_up(place: Place, *, server_user: str | None = None, patience: float = PATIENCE) -> Path:
    """The folder of a socket where the server answers; starts it, on a new cluster if there is none.

    Raises the errors of `pilothouse.kit.postgres.errors`.
    """
    gate = open_lock(place.server_lock)
    try:
        answered = enter(place, gate, patience)
        if answered:
            return answered
        startable = _prepared(place, gate, server_user)
        before = logs.sizes(startable.cluster.path)
        launch(place, startable, gate)
    finally:
        os.close(gate)
    return wait(place, startable.cluster.path, before, patience)


def enter(place: Place, gate: int, patience: float = PATIENCE) -> Path | None:
    """Lock `gate`, the place's server lock, so that nothing of a server lives: then None.

    If a server answers instead, the folder of its socket. Waits for one that is starting or stopping.
    """
    started = time.monotonic()
    while not try_lock(gate, shared=False):
        if folder := answering(place) or _relinked(place):
            return folder
        waited = time.monotonic() - started
        if waited > GRACE:
            end_orphans(place)
        if waited > patience:
            raise _not_answering(place, patience)
        time.sleep(_PAUSE)
    return None


def launch(place: Place, startable: Startable, gate: int, extra: Extra = NOTHING) -> None:
    """Start the server, which takes `gate` over; it is not ready when this returns."""
    cluster, account = startable.cluster, startable.account
    socket_dir = place.socket_dir
    sockets.prepare(socket_dir, account)
    configuration.write(place, cluster.path, cluster.major, account)
    with way_to(cluster.path, account) as way, archiving(place, account) as archive:
        arguments = [
            startable.server.program("postgres"),
            *("-D", way.path),
            *configuration.flags(place, socket_dir),
            *archive.flags,
            *extra.flags,
        ]
        inherit = (gate, *way.descriptors, *archive.descriptors, *extra.descriptors)
        detach(arguments, account, inherit=inherit, output=place.start_log)


def wait(place: Place, cluster: Path, before: dict[Path, int], patience: float = PATIENCE) -> Path:
    """The folder of the socket of a server just launched, as soon as it answers there.

    `before` are the sizes of its logs before the start. Raises what they say if the server ends instead.
    """
    deadline = time.monotonic() + patience
    while not (folder := answering(place, cluster)):
        if not is_held(place.server_lock, exclusively=True):
            said = files.read_end(place.start_log, 4096) + logs.since(cluster, before)
            raise from_output("postgres", place.data, said, f"See {logs.newest(cluster) or place.start_log}.")
        if time.monotonic() > deadline:
            raise _not_answering(place, patience)
        time.sleep(_PAUSE)
    return folder


def _prepared(place: Place, gate: int, server_user: str | None) -> Startable:
    """The place's cluster, made if there is none, without what a killed server left behind."""
    installed = servers()
    remove_drafts(place)
    cluster = current(place.home)
    if cluster is None:
        account = server_account(server_user)
        server = readable(installed[-1], account)
        cluster = initialise(place, server, account, gate)
    else:
        account = of_uid(cluster.path.stat().st_uid)
        server = readable(insist_on_major(cluster, installed), account)
        clear(place, cluster.path)
        logs.prune(cluster.path)
    return Startable(cluster, server, account)


def clear(place: Place, cluster: Path) -> None:
    """Remove what a killed server left: the files with its pid, which may be another's now, and its sockets.

    Raises `Busy` if that server lives although its lock is free, because the lock file was deleted.
    """
    left = read(cluster)
    if left and f"cluster_name={place.cluster_name}" in processes.command_line(left.pid):
        raise Busy(
            f"PostgreSQL for {place.data} runs (pid {left.pid}), but {place.server_lock} was deleted.",
            hint=f"End it with: kill -INT {left.pid}",
        )
    files.remove(cluster, [FILE])
    files.remove(cluster / sockets.SPARE, sockets.SPARE_LEFT)
    sockets.remove(place.socket_dir)


def _relinked(place: Place) -> Path | None:
    """Where a running server answers again after its socket was cleaned away, if that is so."""
    cluster = current(place.home)
    postmaster = read(cluster.path) if cluster else None
    if cluster is None or postmaster is None or not postmaster.ready:
        return None
    if os.path.lexists(postmaster.socket_dir / sockets.SOCKET) and postmaster.socket_dir.is_absolute():
        return None
    folder = place.socket_dir
    sockets.prepare(folder, of_uid(cluster.path.stat().st_uid))
    sockets.link_spare(folder, cluster.path)
    return folder if sockets.answers(folder) else None


def _not_answering(place: Place, patience: float) -> Busy:
    return Busy(
        f"PostgreSQL for {place.data} is there but did not answer within {patience:g} seconds: "
        "it recovers after a crash, runs in another container, or hangs.",
        hint=f"See {place.start_log} and the server's log; try again, or run: pilothouse db stop --force",
    )
