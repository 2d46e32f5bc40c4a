"""The benchmark of all that governs, in short: it counts what was done, and says what was asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


async def test_whole_actions_are_measured_in_processes_that_are_governed(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import governance

    conninfo = new_database()
    governance.prepare(conninfo)
    two = governance.Setting(4, 2, "governed")
    found = await governance.once(conninfo, tmp_path, two, 40)  # which insists on budget and audit log
    assert 36 <= len(found.took) <= 40
    assert 0 < found.p50 <= found.p95
    assert found.rate > 0
    measures = {one.measure: one for one in governance.told({each: [found] for each in governance.SETTINGS})}
    asked = [one for one in measures.values() if one.target is not None]
    assert [one.target for one in asked] == [4, 900, 80, 1.2, 1]
    assert measures["two processes on one tenant, of one's rate"].value == 1
