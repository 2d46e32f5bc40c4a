"""Cached answers: what a model gave to the same input of the same agent, as a rung below the models.

Only valid answers are kept that took no action, and none of a run that is personal: nothing of a person
stands among them. They are sealed with the key of their tenant, and found by keyed digests.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from pilothouse.agents.ladder import NothingKept
from pilothouse.agents.model_rung import Asker
from pilothouse.agents.planning import Chosen, Plan, Planned
from pilothouse.agents.repository import AnswerRepository
from pilothouse.agents.tables import SEALED, place_of
from pilothouse.errors import PilothouseError
from pilothouse.kit import canonical
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.noting import settled
from pilothouse.runtime.ports import Statement

log = structlog.get_logger(__name__)

NOTE = "@cached"
LARGEST = 1_000_000
"""Bytes of an answer that is kept."""


class Kept:
    """The kept answers of a process's tenants."""

    def __init__(self, database: Database, clock: Clock, sealer: Sealer) -> None:
        """Keep them in `database`, sealed by `sealer`."""
        self._database, self._clock, self._sealer = database, clock, sealer

    async def keep(
        self,
        ctx: Context,
        asker: Asker,
        chosen: Chosen,
        model: str,
        arguments: tuple[Any, ...],
        value: Any,
    ) -> None:
        """Keep an answer. Where that fails nothing is lost but a later one from here."""
        answer = asker.signature.dump_output(value)
        if turn_of(ctx).claim.personal or len(answer) > LARGEST:
            return
        scope, asked = Scope(ctx.tenant_id, ctx.principal), digest_of(asker, chosen, arguments)
        try:
            digest = await self._keyed(scope, asked)
            sealed = await self._sealer.seal(place_of(scope.tenant_id, digest, model), answer)
            async with self._database.session(scope) as session:
                answers = AnswerRepository(session, scope)
                await answers.put(digest, model, asker.name, ctx.run_id, sealed, self._clock.now())
        except PilothouseError as error:
            log.warning("answer_not_kept", agent=asker.name, reason=str(error))

    async def found(
        self, ctx: Context, asked: bytes, models: Sequence[str], fresh: float
    ) -> dict[str, Any] | None:
        """The latest kept answer within `fresh` seconds, with its model and run; None where there is none."""
        since = self._clock.now() - dt.timedelta(seconds=fresh)
        scope = Scope(ctx.tenant_id, ctx.principal)
        digest = await self._keyed(scope, asked)
        async with self._database.session(scope) as session:
            row = await AnswerRepository(session, scope).find(digest, models, since)
        if row is None:
            return None
        answer = await self._sealer.open(place_of(scope.tenant_id, digest, row.model), row.answer)
        return {"answer": answer.decode(), "model": row.model, "run_id": str(row.run_id)}

    async def _keyed(self, scope: Scope, asked: bytes) -> bytes:
        """The digest of a question, keyed: who sees the table cannot try which questions were asked."""
        return await self._sealer.index(scope.tenant_id, SEALED.table, asked.hex())


def digest_of(asker: Asker, chosen: Chosen, arguments: tuple[Any, ...]) -> bytes:
    """What names a question: the agent with what it says of itself, the prompt's version, and the input."""
    signature = asker.signature
    given = signature.comparable(signature.dump_input(arguments[0])) if arguments else b"null"
    said = [asker.name, signature.function.__doc__ or "", chosen.prompt, chosen.version]
    return hashlib.sha256(canonical.to_json(said) + canonical.digest(given)).digest()


class CachedRung:
    """What a model answered to the same before."""

    name = "cache"

    def __init__(self, asker: Asker, plan: Plan, planned: Planned, kept: Kept) -> None:
        """The rung that is `planned`: answers of the plan's models."""
        self._asker, self._plan, self._planned, self._kept = asker, plan, planned, kept

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """The answer, the same at every replay. Raises `NothingKept`."""
        digest = digest_of(self._asker, self._plan.chosen, arguments)

        async def make() -> tuple[bytes, Sequence[Statement]]:
            try:
                found = await self._kept.found(ctx, digest, self._plan.models, self._planned.fresh)
            except PilothouseError as error:
                found = None
                log.warning("kept_answers_not_read", agent=self._asker.name, reason=str(error))
            return orjson.dumps(found), ()

        noted = orjson.loads(await settled(turn_of(ctx), NOTE, make) or b"null")
        if noted is None:
            raise NothingKept("No answer is kept for this input.")
        try:
            value = self._asker.signature.parse_output(noted["answer"].encode())
        except WrongType as error:
            raise NothingKept(f"The kept answer is of an earlier type: {error.message}") from None
        if problems := await self._asker.problems(arguments, value):
            raise NothingKept(f"The kept answer is not valid any more: {'; '.join(problems)}")
        return value
