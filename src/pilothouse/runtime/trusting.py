"""`ctx.trust`: the code vouches for what came from outside. It is journalled, and goes to the record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import orjson
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.branch import current
from pilothouse.runtime.emitting import KEPT_BACK
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.governing import DOUBTFUL, names_of
from pilothouse.runtime.guarding import Blocked, Inlet, Unguarded
from pilothouse.runtime.history import Step
from pilothouse.runtime.passing import passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.witnessing import testified

T = TypeVar("T")


async def trust(turn: Turn, value: T, why: str, *, key: str | None = None) -> T:
    """`value`, after which the branch no longer carries the marks `untrusted` and `injection`.

    Raises `InvalidInput` where no reason is given, or JSON cannot hold the value.
    """
    turn.check()
    if not why.strip():
        raise InvalidInput("ctx.trust needs a reason.", hint="Say in `why` what makes the value trustworthy.")
    try:
        written = to_json(value)
    except PydanticSerializationError as error:
        raise InvalidInput(f"ctx.trust takes what JSON can hold: {error}") from None
    branch = current.get()
    sha256 = hashlib.sha256(written).hexdigest()
    digest = canonical.digest(f"{sha256}\n{why}".encode())
    step = turn.meet(branch, "trust", "trust", digest, key)
    if Kind.TRUSTED not in step.entries:
        said, told = await _reason(turn, step, why)
        payload: dict[str, JsonValue] = {"why": said, "sha256": sha256, "marks": [*names_of(branch.marks)]}
        beside = (*await testified(turn, "trusted", step.key, sha256, payload), *told)
        await turn.append(Entry(Kind.TRUSTED, step.key, orjson.dumps(payload), digest), beside=beside)
    branch.marks -= DOUBTFUL
    return value


async def _reason(turn: Turn, step: Step, why: str) -> tuple[str, Sequence[Statement]]:
    """The reason as it may go to the record, and what the guard writes beside it."""
    if isinstance(turn.services.guard, Unguarded):
        return why, ()
    try:
        found = await passed(turn, Inlet.EMITTED, step.key, orjson.dumps(why))
    except Blocked as error:
        return KEPT_BACK, error.told
    return orjson.loads(found.data), found.beside
