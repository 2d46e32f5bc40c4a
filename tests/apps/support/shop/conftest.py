"""The shipped shop in both of its forms, and the benchmark's modules as tests use them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).parents[4] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)  # before the tests beside it are imported, which need its modules

from action_policies import ActionPolicies  # noqa: E402 - see the line above
from pilothouse.apps.support.shop.memory import MemoryShop, Records  # noqa: E402 - as above
from pilothouse.apps.support.shop.repository import SqliteShop  # noqa: E402 - as above
from pilothouse.apps.support.shop.seeding import seeded  # noqa: E402 - as above
from retail_desk import policies  # noqa: E402 - as above


@pytest.fixture(scope="session")
def records() -> Records:
    return seeded()


@pytest.fixture(scope="session")
def rules() -> ActionPolicies:
    return policies()


@pytest.fixture
def memory(records: Records) -> MemoryShop:
    return MemoryShop(records)


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, records: Records) -> MemoryShop | SqliteShop:
    return MemoryShop(records) if request.param == "memory" else SqliteShop(tmp_path / "shop.sqlite3")
