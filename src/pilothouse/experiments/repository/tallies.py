"""What was counted of an experiment's calls, and how people rated what came of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.experiments.measuring import Tally

_WHOLE = ("calls", "valid", "errors", "repairs", "tokens")
_SUMS = ("cost", "cost_log", "cost_squares", "latency_log", "latency_squares")
_COUNTED = f"""
select arm, epoch, {", ".join(f"sum({name}) as {name}" for name in (*_WHOLE, *_SUMS))}
  from experiment_hours where experiment_id = :id group by arm, epoch
"""  # noqa: S608 - names of our own
_LATENCIES = """
select arm, epoch, key::int as bucket, sum(value::bigint) as calls
  from experiment_hours cross join jsonb_each_text(latencies)
 where experiment_id = :id group by arm, epoch, key
"""
_RATED = """
select arm, epoch, count(*), sum(rating), sum(rating * rating)
  from feedback where experiment_id = :id and arm is not null and epoch is not null group by arm, epoch
"""


async def tallies_of(session: AsyncSession, experiment_id: UUID) -> dict[tuple[str, int], Tally]:
    """What was counted, by arm and epoch; the session says whose rows are seen."""
    found: dict[tuple[str, int], Tally] = {}
    wanted = {"id": experiment_id}
    for row in (await session.execute(text(_COUNTED), wanted)).mappings():
        tally = found[row["arm"], row["epoch"]] = Tally()
        for name in _WHOLE:
            setattr(tally, name, int(row[name]))
        for name in _SUMS:
            setattr(tally, name, row[name])
    for arm, epoch, bucket, calls in await session.execute(text(_LATENCIES), wanted):
        found[arm, epoch].latencies[bucket] = int(calls)
    for arm, epoch, rated, rating, squares in await session.execute(text(_RATED), wanted):
        tally = found.setdefault((arm, epoch), Tally())
        tally.rated, tally.rating, tally.rating_squares = rated, float(rating), float(squares)
    return found
