"""The benchmark of guards in short, over fewer texts; and what it says of the rules."""

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


def test_invented_personal_data_and_secrets_are_found_and_hardly_anything_else() -> None:
    import guards
    from pilothouse.guards.detector import Detector

    (recall, precision), tally = guards.invented(Detector(), 1_500, seed=3)
    assert (recall.value >= 0.995, precision.value >= 0.995) == (True, True)
    assert set(tally.there) == guards.SAID


@pytest.mark.timed
def test_a_kilobyte_is_scanned_within_its_time() -> None:
    import guards
    from pilothouse.guards.detector import Detector

    clean, dense = guards.speed(Detector(), rounds=300)
    assert clean.value < 15
    assert dense.value < 600  # the bar is 300 us on a machine that does nothing else


def test_labelled_texts_are_counted_by_type(tmp_path: Path) -> None:
    import guards
    from pilothouse.guards.detector import Detector

    row = {
        "full_text": "Mail nora@fjord.example on Monday",
        "spans": [
            {"entity_type": "EMAIL_ADDRESS", "start_position": 5, "end_position": 23},
            {"entity_type": "CREDIT_CARD", "start_position": 0, "end_position": 4},
            {"entity_type": "TITLE", "start_position": 0, "end_position": 4},
        ],
    }
    (tmp_path / "presidio_research_generated_large.json").write_text(json.dumps([row]))
    found = {
        one.measure: one.value
        for one in guards.compared(guards.labelled(tmp_path), Detector(), with_peer=False)
    }
    assert found["presidio-research, email (1): recall"] == 1
    assert found["presidio-research, card (1): recall"] == 0
    assert found["presidio-research, structured types: recall"] == 0.5
    assert found["presidio-research, structured types: precision"] == 1


def test_it_says_so_where_there_is_no_data(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(BENCHMARKS / "guards.py"),
        "--quick",
        "--texts",
        "50",
        "--data",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no data" in done.stdout
