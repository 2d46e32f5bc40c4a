"""`./dev bench api` in short: all requests are answered as they should be, and authorised quickly."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.timed
def test_reads_and_submissions_under_load_are_all_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import api

    found = {one.measure: one for one in api.measure(tmp_path, 0.4, 1, 0.4, 500)}
    assert found["GET of a run, 16 connections"].value > 0
    assert found["submissions answered otherwise than with 201"].met
    assert found["authentication and authorisation of a request"].met
