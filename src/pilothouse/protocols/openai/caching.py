"""The cache: the answer to what the same tenant has asked a moment ago, word by word.

What is kept was masked before, so that placeholders stand in it; each caller's own request restores them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.kit.canonical import to_json
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.llm.service import Route
from pilothouse.model_settings import GatewayTerms
from pilothouse.protocols.openai.asking import Asked, Kind
from pilothouse.protocols.openai.measuring import GatewayMetrics
from pilothouse.protocols.openai.repository import AnswerRepository
from pilothouse.protocols.openai.semantic import CHANGES_NOTHING, Neighbours, Spot
from pilothouse.protocols.openai.tables import place_of

log = structlog.get_logger(__name__)

MOST_ANSWER = 1 << 20
"""Bytes of an answer that is kept."""
_AGE = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True)
class Found:
    """A kept answer, and how it was found."""

    answer: bytes
    how: str = "hit"


@dataclass(frozen=True)
class Lookup:
    """What was looked for, and what was found; `model` is the name that was asked, `spot` where it lies."""

    key: bytes
    model: str
    found: Found | None = None
    spot: Spot | None = None


class Store(Protocol):
    """Where sealed answers are kept, for a tenant by their keys."""

    async def get(self, scope: Scope, key: bytes, max_age: dt.timedelta) -> bytes | None:
        """An answer that is no older."""
        ...

    async def keep(self, scope: Scope, key: bytes, model: str, answer: bytes, lasts: dt.timedelta) -> None:
        """Keep an answer for so long."""
        ...


class DatabaseStore:
    """Keeps answers in the database."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        """Keep them through `database`."""
        self._database, self._clock, self._ids = database, clock, ids

    async def get(self, scope: Scope, key: bytes, max_age: dt.timedelta) -> bytes | None:
        """An answer that is no older."""
        now = self._clock.now()
        async with self._database.session(scope) as session:
            return await AnswerRepository(session, scope).get(key, now - max_age, now)

    async def keep(self, scope: Scope, key: bytes, model: str, answer: bytes, lasts: dt.timedelta) -> None:
        """Keep an answer for so long."""
        now = self._clock.now()
        async with self._database.session(scope) as session:
            await AnswerRepository(session, scope).keep(self._ids.new(), key, model, answer, now, now + lasts)


class Cache:
    """The cache of a process. Where its store does not answer, nothing is found, and requests go on."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        terms: GatewayTerms,
        metrics: GatewayMetrics,
        neighbours: Neighbours | None = None,
    ) -> None:
        """Keep answers in `store`, sealed with the key of their tenant; look among `neighbours` as well."""
        self._neighbours = neighbours
        self._store, self._sealer, self._terms, self._metrics = store, sealer, terms, metrics
        self._lasts = dt.timedelta(seconds=terms.cache_seconds)

    async def look(self, caller: Scope, asked: Asked, routes: Sequence[Route], control: str) -> Lookup | None:
        """What is kept for a request; None where nothing is to be, as its `Cache-Control` or settings say."""
        said = control.lower()
        if "no-store" in said or not self._is_kept(asked):
            return None
        key = await self._key(caller, asked, routes)
        age = _AGE.search(said)
        most = self._lasts if age is None else min(self._lasts, dt.timedelta(seconds=int(age[1])))
        found = None if "no-cache" in said else await self._found(caller, key, most)
        spot = None
        if found is None and self._neighbours is not None and "no-cache" not in said:
            spot = await self._neighbours.spot(caller, asked, routes)
            found = None if spot is None else await self._near(self._neighbours, caller, spot, most)
        self._metrics.cache.add(("miss" if found is None else found.how,))
        return Lookup(key, asked.model, found, spot)

    async def keep(self, caller: Scope, lookup: Lookup, answer: bytes) -> None:
        """Keep an answer; one that cannot be kept is not."""
        if len(answer) > MOST_ANSWER:
            return
        try:
            sealed = await self._sealer.seal(place_of(caller.tenant_id, lookup.key), answer)
            await self._store.keep(caller, lookup.key, lookup.model, sealed, self._lasts)
            if self._neighbours is not None and lookup.spot is not None:
                await self._neighbours.keep(caller, lookup.spot, lookup.key, self._lasts)
        except PilothouseError as error:
            log.warning("answer_not_kept", code=error.code, reason=str(error))

    async def _found(self, caller: Scope, key: bytes, most: dt.timedelta) -> Found | None:
        try:
            sealed = await self._store.get(caller, key, most)
            if sealed is None:
                return None
            return Found(await self._sealer.open(place_of(caller.tenant_id, key), sealed))
        except PilothouseError as error:
            log.warning("cache_not_read", code=error.code, reason=str(error))
            return None

    async def _near(
        self, neighbours: Neighbours, caller: Scope, spot: Spot, most: dt.timedelta
    ) -> Found | None:
        """The answer that is kept for the nearest question."""
        try:
            key = await neighbours.near(caller, spot, most)
        except PilothouseError as error:
            log.warning("cache_not_read", code=error.code, reason=str(error))
            return None
        found = None if key is None else await self._found(caller, key, most)
        return None if found is None else Found(found.answer, "semantic")

    def _is_kept(self, asked: Asked) -> bool:
        if self._terms.cache == "all":
            return True
        return asked.kind is Kind.EMBEDDINGS or asked.body.get("temperature") == 0

    async def _key(self, caller: Scope, asked: Asked, routes: Sequence[Route]) -> bytes:
        """A keyed digest of the models, of which the prompt is a part, and of all that shapes the answer."""
        given = {name: value for name, value in asked.body.items() if name not in CHANGES_NOTHING}
        said = {"kind": asked.kind.value, "models": [route.id for route in routes], "asked": given}
        digest = hashlib.sha256(to_json(said)).hexdigest()
        return await self._sealer.index(caller.tenant_id, "gateway_answers", digest)
