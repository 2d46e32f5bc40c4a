from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.kit.postgres import attach, place, start, status, stopping
from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.locks import open_lock, try_lock

Spawn = Callable[..., "subprocess.Popen[str]"]


def test_a_server_that_does_not_stop_in_time_is_asked_for_an_immediate_shutdown(data: Path) -> None:
    start(data)
    log = status(data).log
    here = place.find(data)
    assert here is not None
    assert stopping.bring_down(here, patience=0)
    assert log is not None
    assert "received immediate shutdown request" in log.read_text()
    assert not stopping.bring_down(here)
    attach(data).close()


def test_what_cannot_be_stopped_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE", 0.02)
    here = place.make(tmp_path / "data")
    gate = open_lock(here.server_lock)
    assert try_lock(gate, shared=False)
    with pytest.raises(Busy, match=r"did not stop within .*another container"):
        stopping.bring_down(here, patience=0)
    os.close(gate)
