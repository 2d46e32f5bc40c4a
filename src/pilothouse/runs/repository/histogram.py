"""How many runs were made when: counts of equal stretches of a window, by state, in one bounded statement.

The index on moments of creation gives the window's runs, the newest first, and each is looked at once for its
state. `./dev bench listing` measures what that costs over a million runs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.runs.filters import RunFilter
from pilothouse.runs.repository import listing
from pilothouse.runs.tables import RunRow

MOST = 1_000_000
"""Runs that are counted at most, the newest of the window."""

AS_ASKED = "select set_config('plan_cache_mode', 'force_custom_plan', true)"

Stretch = tuple[dt.datetime, str, int]
"""Where a stretch of time begins, a state, and how many runs that were made in it are in that state."""


async def histogram(
    session: AsyncSession,
    tenant_id: str,
    wanted: RunFilter,
    since: dt.datetime,
    until: dt.datetime,
    width: dt.timedelta,
) -> Sequence[Stretch]:
    """The wanted runs made from `since` to before `until`, counted in stretches of `width`; none is empty."""
    found = (
        listing.matching(tenant_id, wanted, RunRow.created_at, RunRow.status)
        .where(RunRow.created_at >= since, RunRow.created_at < until)
        .order_by(RunRow.created_at.desc())
        .limit(MOST)
        .subquery()
    )
    begins = func.date_bin(literal(width), found.c.created_at, literal(since)).label("begins")
    counted = select(begins, found.c.status, func.count().label("runs")).group_by(text("1"), text("2"))
    await session.execute(text(AS_ASKED))
    rows = await session.execute(counted.order_by(text("1"), text("2")))
    return [(row.begins, row.status, row.runs) for row in rows]
