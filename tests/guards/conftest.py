from __future__ import annotations

import pytest

from pilothouse.guards.detector import Detector


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector()
