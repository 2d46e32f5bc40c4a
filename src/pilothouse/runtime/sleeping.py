"""`ctx.sleep`: a timer. The run waits until it is over, for minutes or months."""

from __future__ import annotations

import datetime as dt

import orjson

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.turn import Turn


async def sleep(turn: Turn, duration: dt.timedelta, *, key: str | None = None) -> None:
    """Go on once `duration` has passed since this was first reached."""
    turn.check()
    if duration < dt.timedelta(0):
        raise InvalidInput(f"ctx.sleep was given {duration}: a duration cannot be negative.")
    branch = current.get()
    digest = canonical.digest(repr(duration.total_seconds()).encode())
    step = turn.meet(branch, "sleep", "sleep", digest, key)
    if Kind.WOKE in step.entries:
        return
    slept = step.entries.get(Kind.SLEPT)
    if slept is None:
        wake_at = turn.now() + duration
        await turn.append(Entry(Kind.SLEPT, step.key, orjson.dumps({"wake_at": wake_at}), digest))
    else:
        wake_at = dt.datetime.fromisoformat(orjson.loads(decode(slept.codec, slept.payload))["wake_at"])
    if branch.abandoned or turn.now() < wake_at:
        raise branch.suspend(wake_at)
    turn.note(Entry(Kind.WOKE, step.key))
