"""Passing texts of a turn through the guard: what comes of that, and what breaks the turn."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.errors import Failure, TurnLost, WrongType
from pilothouse.runtime.guarding import Blocked, Fits, Inlet, Passage, Passed
from pilothouse.runtime.signature import Signature
from pilothouse.runtime.turn import Turn


async def passed(
    turn: Turn,
    inlet: Inlet,
    step: str,
    data: bytes,
    fits: Fits | None = None,
    *,
    ours: bool = True,
    attacks: bool = True,
) -> Passed:
    """`data` behind the guard, within a turn: where it is personal, the run is sealed from now on.

    Raises `Blocked`. Any other error breaks the turn: nothing passes unguarded.
    """
    claim = turn.claim
    passage = Passage(inlet, claim.tenant_id, claim.run_id, turn.now(), step=step, ours=ours, attacks=attacks)
    try:
        with turn.working():
            found = await turn.services.guard.check(passage, data, fits)
    except Blocked:
        raise
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except Exception as error:
        turn.breaks(error)
        raise
    if found.personal:
        turn.seal()
    return found


async def passed_failure(turn: Turn, inlet: Inlet, failure: Failure) -> tuple[Failure, Passed]:
    """A failure whose words have passed the guard; words that it blocks are left out."""
    said = orjson.dumps([failure.message, failure.hint])
    try:
        found = await passed(turn, inlet, failure.step, said, ours=inlet is not Inlet.TOOL_RESULT)
    except Blocked as error:
        message = f"The step failed, and a guard has kept back why. {error.message}"
        return failure.model_copy(update={"message": message, "hint": None}), Passed(b"", told=error.told)
    if found.data is said:
        return failure, found
    message, hint = orjson.loads(found.data)
    return failure.model_copy(update={"message": message, "hint": hint}), found


async def restored(turn: Turn, data: bytes) -> bytes:
    """What the run's placeholders in `data` stand for, in their places. Raises what the sealer raises."""
    claim = turn.claim
    try:
        with turn.working():
            return await turn.services.guard.restored(claim.tenant_id, claim.run_id, data)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error


def taken_by(signature: Signature) -> Fits:
    """Whether a signature's output type takes a text."""

    def fits(data: bytes) -> bool:
        return _parses(signature.parse_output, data)

    return fits


def given_to(signature: Signature) -> Fits:
    """Whether a signature's input type takes a text."""

    def fits(data: bytes) -> bool:
        return _parses(signature.parse_input, data)

    return fits


def _parses(parse: Callable[[bytes], object], data: bytes) -> bool:
    try:
        parse(data)
    except WrongType:
        return False
    return True
