"""The benchmarks in short: they measure what they say and write what scripts read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


async def test_the_spine_measures_runs_and_replay(conninfo: str, tmp_path: Path) -> None:
    import spine

    rate, p95, p50 = await spine.runs_per_second(conninfo, tmp_path, runs=40, rounds=1)
    assert (rate.unit, rate.target, rate.met) == ("runs/s", 1500, rate.value >= 1500)
    assert p50.value > 0
    assert p95.value > 0
    replayed = await spine.replay(conninfo, tmp_path, steps=50, rounds=1)
    assert 0 < replayed.value < 30


def test_the_whole_design_is_measured_in_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "whole_design.py"), "1"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert len(found["plain"]) == len(found["validated"]) == 1
    assert found["peak_mb"] > 50


def test_the_cost_check_says_so_where_there_is_no_data(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "costs.py"), "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "no data" in done.stdout


def test_a_result_is_written_for_scripts_and_shown_as_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from report import Measure, report

    report("made-up", [Measure("speed", 2.0, "m/s", 1.5, "snail", 0.01, 200, met=True, spread=0.1)], tmp_path)
    written = json.loads((tmp_path / "made-up.json").read_text())
    assert {"name", "machine", "versions", "commit", "measured_at", "measures"} <= written.keys()
    assert written["measures"][0]["ratio"] == 200
    assert "snail" in capsys.readouterr().out


def test_the_pages_hold_every_result() -> None:
    import tables

    index = (tables.FOLDER / "README.md").read_text()
    for path in (BENCHMARKS / "results").glob("*.json"):
        result = json.loads(path.read_text())
        assert (tables.FOLDER / f"{path.stem}.md").read_text() == tables.page(result)
        assert tables.line(result) in index


async def test_the_engine_measures_throughput_and_how_soon_work_begins(conninfo: str, tmp_path: Path) -> None:
    import engine

    ours = engine.Throughput()
    await ours.round(conninfo, tmp_path, runs=40)
    rate, p95 = engine.compared(ours, {engine.PEERS[0]: [1.0]})[:2]
    assert (rate.target, p95.target) == (2000, 60)
    assert rate.value > 0
    with engine.worker_process(conninfo, tmp_path):
        found = await engine.latencies(conninfo, tmp_path, runs=5)
    assert [item.target for item in found] == [None, 30, None, 100]
    assert all(0 < item.value < 5_000 for item in found)


async def test_the_listing_measures_every_filter_over_runs_that_it_makes(conninfo: str) -> None:
    import listing

    assert 0 < listing.fill(conninfo, 2_000) < 60
    found = {item.measure: item for item in await listing.measure(conninfo, rounds=1)}
    assert len(found) == 2 * len(listing.FILTERS) + 3
    assert found["no filter, p95"].target == 50
    assert all(item.value > 0 for item in found.values())
