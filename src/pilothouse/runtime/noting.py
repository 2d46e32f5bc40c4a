"""What is told once and noted: the time, and whether a flag is on. A replay is told the same."""

from __future__ import annotations

import datetime as dt
import re

import orjson

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.history import Step
from pilothouse.runtime.turn import Turn

_NAME = re.compile(r"[a-z][a-z0-9_.\-]{0,99}")


def now(turn: Turn) -> dt.datetime:
    """The time in UTC."""
    step = turn.meet(current.get(), "now", "now", None)
    noted = _noted(step, Kind.NOTED)
    if noted is not None:
        return dt.datetime.fromisoformat(orjson.loads(noted))
    time = turn.now()
    turn.note(Entry(Kind.NOTED, step.key, orjson.dumps(time)))
    return time


def flag(turn: Turn, name: str, subject: str, key: str | None) -> bool:
    """Whether a flag is on; raises `InvalidInput` where nothing can have this name."""
    if not _NAME.fullmatch(name):
        message = f"{name[:100]!r} is no name of a flag."
        raise InvalidInput(message, hint="It is written as support.new-answers.")
    digest = canonical.digest(orjson.dumps([name, subject]))
    step = turn.meet(current.get(), "flag", "flag", digest, key)
    noted = _noted(step, Kind.FLAGGED)
    if noted is not None:
        return bool(orjson.loads(noted))
    on = turn.services.switches.on(name, turn.claim.tenant_id, subject or turn.run_id.hex)
    turn.note(Entry(Kind.FLAGGED, step.key, orjson.dumps(on), digest))
    return on


def _noted(step: Step, kind: Kind) -> bytes | None:
    entry = step.entries.get(kind)
    return None if entry is None else decode(entry.codec, entry.payload)
