"""`./dev bench queueing` in short: a tenant's first run passes a backlog, and a burst leaves claims quick."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


async def test_a_first_run_passes_a_backlog_which_it_did_not_before(conninfo: str, tmp_path: Path) -> None:
    import queueing

    _, ahead = await queueing.first_run(conninfo, tmp_path, 250, "before")
    assert ahead > 50
    _, ahead = await queueing.first_run(conninfo, tmp_path, 250, "now")
    assert ahead <= 50


@pytest.mark.parametrize(
    ("runs", "tenants"), [(2_000, 1), (2_000, 20), pytest.param(100_000, 3, marks=pytest.mark.long)]
)
async def test_a_burst_into_an_empty_database_leaves_claims_quick(
    conninfo: str, runs: int, tenants: int
) -> None:
    import queueing

    taken = await queueing.Burst(conninfo, runs, tenants).measure("now")
    claims = taken["during"] + taken["after"]
    assert len(claims) >= runs / queueing.BATCH
    tenth = max(len(claims) // 10, 1)
    assert statistics.median(claims[-tenth:]) < 5 * statistics.median(taken["before"])


async def test_runs_are_counted_that_other_processes_execute(conninfo: str, tmp_path: Path) -> None:
    import queueing

    one, _, two, _ = await queueing.processes(conninfo, tmp_path, runs=40, rounds=1)
    assert (one.unit, two.peer, two.peer_value) == ("runs/s", "one process", one.value)
    assert two.ratio == pytest.approx(two.value / one.value)
