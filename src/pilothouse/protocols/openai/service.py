"""The rules of kept answers for those who look at them and let go of them."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.audit.service import AuditLog
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.model_settings import GatewayTerms
from pilothouse.protocols.openai.repository import AnswerRepository
from pilothouse.protocols.openai.schemas import ModelCache, ModelCacheCleared
from pilothouse.protocols.openai.shared import RedisStore


class KeptAnswers:
    """The kept answers of a scope's tenant."""

    def __init__(
        self,
        repository: AnswerRepository,
        scope: Scope,
        terms: GatewayTerms,
        clock: Clock,
        ids: Ids,
        *,
        counted: Mapping[tuple[str, ...], float] | None = None,
        shared: RedisStore | None = None,
    ) -> None:
        """`counted` are the look-ups of this process by their results; answers may lie in `shared`."""
        self._repository, self._scope, self._terms = repository, scope, terms
        self._clock, self._audit = clock, AuditLog(clock, ids)
        self._counted, self._shared = counted or {}, shared

    async def show(self) -> ModelCache:
        """What is kept, and how often something was found."""
        terms = self._terms
        if self._shared is not None:
            held = await self._shared.holding(self._scope)
        else:
            held = await self._repository.holding(self._clock.now())
        misses = int(self._counted.get(("miss",), 0))
        hits = int(sum(self._counted.values())) - misses
        return ModelCache(
            kept=terms.cache,
            store=terms.cache_store,
            seconds=terms.cache_seconds,
            answers=held.answers,
            bytes=held.bytes,
            oldest=held.oldest,
            hits=hits,
            misses=misses,
            hit_rate=round(hits / (hits + misses), 4) if hits + misses else None,
        )

    async def clear(self) -> ModelCacheCleared:
        """Let go of everything that is kept; that is recorded."""
        gone = await self._repository.clear()
        if self._shared is not None:
            gone += await self._shared.clear(self._scope)
        await self._repository.record(self._audit, self._scope, gone)
        return ModelCacheCleared(answers=gone)
