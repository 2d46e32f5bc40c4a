"""What a machine can bear: processes, slots, connections and limits that fit its cores and its database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

API_MEGABYTES, WORKER_MEGABYTES, SLOT_MEGABYTES = 160, 160, 2
"""What processes hold when they have something to do; docs/benchmarks/scale.md has the measurements."""

API_OWN, WORKER_CONNECTIONS, SPARE = 17, 28, 16
"""Connections besides the pool of an API process, of a worker, and for migrations and administrators.

They are those of docs/guides/connections.md.
"""

MOST_SLOTS = 500
SHARE = 0.6
"""The part of the memory that is planned for: the rest is for the system, the database's cache and peaks."""


@dataclass(frozen=True)
class Machine:
    """Cores, bytes of memory, and the connections that the database allows (None: not known)."""

    cores: int
    memory: int
    max_connections: int | None = None


@dataclass(frozen=True)
class Advice:
    """What to start on a machine, and what to set; `needed_connections` is what all of that takes."""

    api_processes: int
    worker_processes: int
    worker_slots: int
    database_connections: int
    each_tenant: int
    needed_connections: int


def machine(max_connections: int | None = None, root: Path = Path("/")) -> Machine:
    """This machine, or the part of it that a container was given (cgroup v2, then v1)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        bound = _number(root / name)
        if bound is not None:
            memory = min(memory, bound)
            break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(root)
    return Machine(cores if quota is None else max(1, min(cores, round(quota))), memory, max_connections)


def advised(found: Machine) -> Advice:
    """What fits: half of the cores serve, half execute, within the memory and the connections that there are.

    Python uses one core for each process. A pool beyond twice the cores only makes requests wait in the
    database; see docs/guides/connections.md.
    """
    api, workers = max(1, found.cores // 2), max(1, found.cores - found.cores // 2)
    megabytes = int(found.memory * SHARE / 1e6)
    worker = WORKER_MEGABYTES + SLOT_MEGABYTES
    while api + workers > 2 and api * API_MEGABYTES + workers * worker > megabytes:
        api, workers = max(1, api - 1), max(1, workers - 1)
    left = max(0, megabytes - api * API_MEGABYTES - workers * WORKER_MEGABYTES)
    slots = max(1, min(MOST_SLOTS, left // (SLOT_MEGABYTES * workers)))
    pool = max(4, min(20, 4 * found.cores // api))
    if found.max_connections is not None:
        room = found.max_connections - SPARE - workers * WORKER_CONNECTIONS - api * API_OWN
        pool = max(1, min(pool, room // api))
    return Advice(
        api_processes=api,
        worker_processes=workers,
        worker_slots=slots,
        database_connections=pool,
        each_tenant=max(1, slots * workers // 2),
        needed_connections=api * (pool + API_OWN) + workers * WORKER_CONNECTIONS + SPARE,
    )


def told(found: Machine, advice: Advice) -> str:
    """The advice in one line."""
    connections = "" if found.max_connections is None else f", {found.max_connections} connections"
    return (
        f"{found.cores} cores, {found.memory / 1e9:.1f} GB{connections}: {advice.api_processes} API and "
        f"{advice.worker_processes} worker processes, worker_slots={advice.worker_slots}, "
        f"database_connections={advice.database_connections}, {advice.each_tenant} runs at once per tenant"
    )


def _number(path: Path) -> int | None:
    """What a file of the kernel says, or None where it says nothing, or no bound."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _quota(root: Path) -> float | None:
    """The cores that a container may use, or None."""
    try:
        quota, period = (root / "sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        allowed = _number(root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        each = _number(root / "sys/fs/cgroup/cpu/cpu.cfs_period_us")
        return allowed / each if allowed and each else None
    return int(quota) / int(period) if quota.isdigit() else None
