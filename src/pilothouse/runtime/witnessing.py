"""Telling the witness what the engine does about governing by itself, in the append that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.errors import TurnLost
from pilothouse.runtime.governing import Testimony
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.turn import Turn


async def testified(
    turn: Turn, what: str, step: str, digest: str, facts: Mapping[str, JsonValue]
) -> Sequence[Statement]:
    """What the witness writes beside an append. Its error breaks the turn: nothing goes unrecorded."""
    claim = turn.claim
    told = Testimony(
        what=what,
        tenant_id=claim.tenant_id,
        run_id=claim.run_id,
        step=step,
        by="",
        at=turn.now(),
        digest=digest,
        facts=facts,
    )
    try:
        with turn.working():
            return await turn.services.witness.witness(told)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except Exception as error:
        turn.breaks(error)
        raise
