"""Runs a server for a moment on a cluster that is not, or not yet, the current one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilothouse.kit.postgres import logs
from pilothouse.kit.postgres.archiving import Extra
from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.launcher import NOTHING, PATIENCE, Startable, clear, enter, launch, wait
from pilothouse.kit.postgres.locks import open_lock
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.stopping import bring_down


@contextmanager
def gate_of(place: Place) -> Iterator[int]:
    """The place's server lock, held: nothing of a server lives."""
    gate = open_lock(place.server_lock)
    try:
        if enter(place, gate):
            raise Busy(f"PostgreSQL for {place.data} was started meanwhile.")
        yield gate
    finally:
        os.close(gate)


@contextmanager
def passing(
    place: Place, startable: Startable, extra: Extra = NOTHING, patience: float = PATIENCE
) -> Iterator[Path]:
    """The folder of the server's socket while it runs on this cluster for a moment.

    It is given `patience` seconds to come up.
    """
    path = startable.cluster.path
    with gate_of(place) as gate:
        clear(place, path)
        before = logs.sizes(path)
        launch(place, startable, gate, extra)
    try:
        yield wait(place, path, before, patience)
    finally:
        bring_down(place, path)
