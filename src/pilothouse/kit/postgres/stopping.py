"""Brings the server down: whoever calls holds the place's start lock."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from pilothouse.kit.postgres import processes, sockets
from pilothouse.kit.postgres.cluster import current
from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.locks import is_held
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.postmaster import read

GRACE = 0.5  # seconds for the processes of a killed server to notice that and end
_FAST = 30.0  # seconds for a fast shutdown, after which an immediate one is asked for
_UNSEEN = 5.0  # seconds for a server whose first process is not to be seen from here
_PAUSE = 0.001
_FOR_UPGRADE = " -b "  # the option by which pg_upgrade starts servers; nobody can connect to them


def bring_down(place: Place, cluster: Path | None = None, *, patience: float = _FAST) -> bool:
    """Stop the server and wait until all its processes are gone. False if none was there.

    A fast shutdown ends sessions and writes a checkpoint; after `patience` seconds an immediate one is
    asked for, which loses nothing either but has the next start recover. `cluster` is the place's
    current one by default.
    """
    if not is_held(place.server_lock, exclusively=True):
        sockets.remove(place.socket_dir)  # those of a server that was killed
        return False
    if cluster is None and (found := current(place.home)):
        cluster = found.path
    started = time.monotonic()
    sent: signal.Signals | None = None
    while is_held(place.server_lock, exclusively=True):
        waited = time.monotonic() - started
        pid = _postmaster(cluster) if cluster else None
        wanted = signal.SIGINT if waited < patience else signal.SIGQUIT
        if pid and sent is not wanted:
            with suppress(ProcessLookupError):
                os.kill(pid, wanted)
            sent = wanted
        elif waited > GRACE:
            end_orphans(place)
        if waited > (patience if sent else min(patience, _UNSEEN)) + 2 * GRACE:
            raise Busy(
                f"PostgreSQL for {place.data} did not stop within {waited:.0f} seconds"
                f"{f' (pid {pid})' if pid else ': it runs in another container, or is being started'}.",
                hint="Stop it where it was started, or end its processes.",
            )
        time.sleep(_PAUSE)
    sockets.remove(place.socket_dir)
    return True


def end_orphans(place: Place) -> None:
    """Kill processes of the place's server that nobody looks after any more.

    These are what is left of a server whose first process was killed, which may compute on without
    noticing, and of a pg_upgrade that was killed, with the servers it had started.
    """
    cluster = current(place.home)
    pid = _postmaster(cluster.path) if cluster else None
    if pid is None or _FOR_UPGRADE in processes.command_line(pid):
        name = place.cluster_name
        for pid in processes.matching(f"cluster_name={name}") + processes.matching(f"postgres: {name}:"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _postmaster(cluster: Path) -> int | None:
    """The pid of the cluster's first process, if it runs as the cluster's owner and as a server of ours."""
    found = read(cluster)
    if found and "cluster_name=pilothouse-" in processes.command_line(found.pid):
        return found.pid if processes.owner(found.pid) == cluster.stat().st_uid else None
    return None
