"""What tests of agents share."""

from __future__ import annotations

import pytest


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is shown as started: the n-th append is the same one, however busy the machine is."""
    monkeypatch.setattr("pilothouse.runtime.turn.SHOW_AFTER", 600.0)
