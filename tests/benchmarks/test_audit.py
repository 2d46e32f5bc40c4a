"""The benchmark of the audit log in short: it measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


async def test_the_audit_log_is_measured_whole(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import audit

    monkeypatch.setattr(audit, "PROOFS", 40)
    found = {one.measure: one for one in await audit.measure(conninfo, tmp_path, 300, 0.1)}
    assert found["proof, newest, p95"].target == 5
    assert found["oldest entry without a head at full `act` load"].target == 1
    assert any(name.startswith("verify") for name in found)
    assert all(one.value >= 0 for one in found.values())
