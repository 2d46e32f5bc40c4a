"""What was emitted passes the guard before it is journalled: what it masks, nobody is shown.

It is emitted without waiting, also from threads; the append that writes it has it looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
import structlog
from pydantic import BaseModel, ValidationError

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.cards import Progress, ReasonCard
from pilothouse.runtime.entries import Entry
from pilothouse.runtime.guarding import Blocked, Guard, Passage, Passed

log = structlog.get_logger(__name__)

KEPT_BACK = "A guard has kept back what was said."

_SHAPES: tuple[tuple[bytes, type[BaseModel]], ...] = ((b'{"card":', ReasonCard), (b'{"progress":', Progress))


class Unread(Entry):
    """An entry about something that was emitted and has not passed the guard."""

    __slots__ = ()


def written(item: ReasonCard | Progress) -> bytes:
    """What was emitted, as it is journalled."""
    name = b"card" if isinstance(item, ReasonCard) else b"progress"
    return b'{"%b":%b}' % (name, item.model_dump_json().encode())


async def read(guard: Guard, passage: Passage, entry: Unread) -> tuple[Entry, Passed]:
    """The entry as it may be journalled, and what the guard said of it.

    What it does not let pass, or cannot look at, is left out, and the entry says so. Raises
    `DatabaseUnavailable`.
    """
    payload = entry.payload
    try:
        found = await guard.check(passage, payload, _fits(payload))
    except DatabaseUnavailable:
        raise
    except Blocked as error:
        found = Passed(_kept_back(payload, f"{KEPT_BACK} {error.message}"), told=error.told)
    except Exception as error:  # noqa: BLE001 - told in the entry: nothing passes unguarded
        log.warning("emission_kept_back", step=entry.key, reason=type(error).__name__)
        found = Passed(_kept_back(payload, f"{KEPT_BACK} ({type(error).__name__})"))
    return Entry(*entry)._replace(payload=found.data), found


def _shape(payload: bytes) -> tuple[bytes, type[BaseModel]]:
    return next(one for one in _SHAPES if payload.startswith(one[0]))


def _fits(payload: bytes) -> Callable[[bytes], bool]:
    start, shape = _shape(payload)

    def fits(data: bytes) -> bool:
        try:
            shape.model_validate_json(data[len(start) : -1])
        except ValidationError:
            return False
        return data.startswith(start)

    return fits


def _kept_back(payload: bytes, why: str) -> bytes:
    """What is journalled instead: of a card who says it and how sure, of progress how far it is."""
    said = next(iter(orjson.loads(payload).values()))
    if _shape(payload)[1] is ReasonCard:
        named = {name: said[name] for name in ("agent", "produced_by", "confidence")}
        return written(ReasonCard(decision=why, **named))
    return written(Progress(message=why, done=said["done"], total=said["total"]))
