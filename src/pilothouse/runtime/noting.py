"""What is told once and noted: the time, whether a flag is on, a ladder. A replay is told the same."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Sequence

import orjson

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Statement
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


async def settled(
    turn: Turn,
    name: str,
    make: Callable[[], Awaitable[tuple[bytes | None, Sequence[Statement]]]],
    *,
    optional: bool = False,
) -> bytes | None:
    """What `make` gives once and is the same at every replay, with what is written beside it.

    Where it is `optional` it may be None, and is where what is replayed began without it. No verb of a
    workflow has such a name: it begins with `@`.
    """
    turn.check()
    branch = current.get()
    if branch.replaying:
        if optional and not branch.following.rpartition("/")[2].startswith(f"{name}#"):
            return None
        step = turn.meet(branch, name, "now", None)
        return _noted(step, Kind.NOTED)
    with turn.working():
        made, beside = await make()
    if made is None:
        return None
    step = turn.meet(branch, name, "now", None)
    entry = Entry(Kind.NOTED, step.key, made)
    if beside:
        await turn.append(entry, beside=beside)
    else:
        turn.note(entry)
    return made
