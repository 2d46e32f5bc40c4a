"""How backups are, as `/health/detail` tells it: the last one, a failed one, and the archive of WAL."""

from __future__ import annotations

import datetime as dt

from pilothouse.backups.repository.source import archived, ledger
from pilothouse.backups.schemas import Kind, Outcome, Record
from pilothouse.health.schemas import Condition, Part
from pilothouse.kit.clock import Clock

LATE = 2
"""How many times the interval a backup may be old before that counts as degraded."""


async def of_backups(conninfo: str, place: str, every: dt.timedelta, clock: Clock) -> Part:
    """The newest backup in a place, and whether one is late or the last attempt failed."""
    async with ledger(conninfo) as lines:
        last = await lines.last(Kind.DUMP, place, complete=False)
        good = await lines.last(Kind.DUMP, place, complete=True)
    if good is None:
        return Part(name="backups", status=Condition.DEGRADED, detail=f"There is none yet.{_failure(last)}")
    age = clock.now() - good.started_at
    late = age > LATE * every or (last is not None and last.outcome is Outcome.FAILED)
    took = (good.finished_at - good.started_at).total_seconds() if good.finished_at else 0.0
    return Part(
        name="backups",
        status=Condition.DEGRADED if late else Condition.WELL,
        detail=f"The last is {good.id}, {age.total_seconds() / 3600:.1f} h old.{_failure(last)}",
        figures={"age_seconds": age.total_seconds(), "bytes": float(good.bytes), "seconds": took},
    )


async def of_archive(conninfo: str) -> Part:
    """Whether the embedded server archives its WAL."""
    state = await archived(conninfo)
    if not state.on:
        detail = "WAL is not archived before the server's next start."
        return Part(name="wal_archive", status=Condition.DEGRADED, detail=detail)
    if state.failing:
        detail = f"The segment {state.failing} cannot be archived, last tried at {state.failed}."
        return Part(name="wal_archive", status=Condition.DEGRADED, detail=detail)
    detail = f"WAL was last archived at {state.last}." if state.last else "Nothing was archived yet."
    return Part(name="wal_archive", status=Condition.WELL, detail=detail)


def _failure(last: Record | None) -> str:
    if last is None or last.outcome is not Outcome.FAILED:
        return ""
    return f" The attempt of {last.started_at:%Y-%m-%d %H:%M:%S} UTC failed."
