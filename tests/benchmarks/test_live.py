"""`./dev bench live` in short: every event reaches every viewer of another process, once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with postgres.attach(tmp_path) as attachment:
        upgrade(attachment.dsn)
        yield attachment.dsn


async def test_viewers_of_another_process_see_everything_in_order(server: str, tmp_path: Path) -> None:
    import live

    async with live.staged(server, tmp_path) as stage:
        assert len(await live.one_viewer(stage, "run", 20, 0.002)) == 20
        assert len(await live.one_viewer(stage, "tenant", 20, 0.002, live.TENANT)) == 20
        assert await live.held_up(stage, server, 0.2) >= 0
        many = {measure.measure: measure for measure in await live.many_viewers(stage, 40, 4, 5)}
        assert many["40 viewers, 4 runs, 5 events/s each: all in order (200)"].met
        _, told = await live.sockets(stage, 10, 20)
        assert told.value > 0


@pytest.mark.long
async def test_a_thousand_viewers_and_two_hundred_sockets_are_served(server: str, tmp_path: Path) -> None:
    import live

    measures = await live.measure(server, tmp_path, quick=False)
    assert [measure.measure for measure in measures if measure.met is False] == []
