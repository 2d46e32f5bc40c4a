"""What is advised for a machine, within what it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.readiness.machine import (
    API_MEGABYTES,
    SHARE,
    SLOT_MEGABYTES,
    WORKER_MEGABYTES,
    Machine,
    advised,
    machine,
    told,
)

machines = st.builds(
    Machine, st.integers(1, 256), st.integers(1 << 28, 1 << 42), st.one_of(st.none(), st.integers(50, 10_000))
)


@given(machines)
def test_the_advice_takes_no_more_memory_than_is_planned_for(found: Machine) -> None:
    advice = advised(found)
    slots = advice.worker_slots * advice.worker_processes * SLOT_MEGABYTES
    needed = advice.api_processes * API_MEGABYTES + advice.worker_processes * WORKER_MEGABYTES
    least = API_MEGABYTES + WORKER_MEGABYTES + SLOT_MEGABYTES
    assert needed + slots <= max(found.memory * SHARE / 1e6, least)
    assert min(advice.api_processes, advice.worker_processes, advice.worker_slots, advice.each_tenant) >= 1


@given(machines)
def test_the_pool_shrinks_until_the_database_has_room_or_the_need_is_told(found: Machine) -> None:
    advice = advised(found)
    if found.max_connections is not None:
        fits = advice.needed_connections <= found.max_connections
        assert fits or advice.database_connections == 1


@given(machines)
def test_more_cores_never_mean_fewer_processes(found: Machine) -> None:
    more = advised(Machine(found.cores + 1, found.memory * 2, None))
    advice = advised(Machine(found.cores, found.memory, None))
    assert more.api_processes + more.worker_processes >= advice.api_processes + advice.worker_processes


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({"cpu.max": "100000 100000\n", "memory.max": "536870912\n"}, 1, 536_870_912),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000",
          "memory/memory.limit_in_bytes": "268435456"}, 1, 268_435_456),
    ],
)  # fmt: skip
def test_a_container_s_part_counts(tmp_path: Path, files: dict[str, str], cores: int, memory: int) -> None:
    write(tmp_path, files)
    found = machine(100, tmp_path)
    assert (found.cores, found.memory, found.max_connections) == (cores, memory, 100)


def test_without_a_bound_the_machine_counts(tmp_path: Path) -> None:
    write(tmp_path, {"cpu.max": "max 100000\n", "memory.max": "max\n"})
    assert machine(None, tmp_path) == machine(None, tmp_path / "none")
    assert "connections:" not in told(machine(), advised(machine()))
    assert "100 connections" in told(machine(100), advised(machine(100)))
