"""The semantic cache: the answer to a question that says nearly the same in other words.

Only the last message of the user may differ; everything else of a request is compared word by word. Where a
question lies is said by a model of embeddings, whose calls are held to budgets and recorded like any other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilothouse.errors import PilothouseError
from pilothouse.kit.canonical import to_json
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.llm.service import Catalogue, ProviderFailed, Route
from pilothouse.model_settings import SemanticTerms
from pilothouse.protocols.openai.accounting import Account, Books, tokens_of
from pilothouse.protocols.openai.asking import Asked, Kind, read
from pilothouse.protocols.openai.calling import Callings
from pilothouse.protocols.openai.repository import NeighbourRepository
from pilothouse.protocols.openai.upstream import Reply
from pilothouse.usage.schemas import Tokens

log = structlog.get_logger(__name__)

CHANGES_NOTHING = frozenset(
    {"stream", "stream_options", "user", "safety_identifier", "metadata", "store", "prompt_cache_key"}
)
"""What of a request changes nothing of its answer's content."""
LONGEST = 8_000
"""Characters of a question that is looked for."""


class Embeds(Protocol):
    """Asks models of embeddings."""

    async def ask(self, route: Route, path: str, data: bytes) -> Reply:
        """The whole answer."""
        ...


class _Embedding(BaseModel):
    model_config = ConfigDict(extra="ignore")

    embedding: list[float] = Field(min_length=1, max_length=16_000)


class _Embeddings(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: list[_Embedding] = Field(min_length=1)


@dataclass(frozen=True)
class Spot:
    """Where a question lies: among those whose requests are the same but for it."""

    part: bytes
    embedding: Sequence[float]


@dataclass(frozen=True)
class Means:
    """What embeddings are asked with."""

    catalogue: Catalogue
    asks: Callable[[Route], Embeds]
    callings: Callings
    books: Books


class Neighbours:
    """Finds what is near. Where anything does not answer, nothing is, and requests go on."""

    def __init__(self, database: Database, sealer: Sealer, terms: SemanticTerms, means: Means) -> None:
        """Look in `database`."""
        self._database, self._sealer, self._terms, self._means = database, sealer, terms, means
        self._has_vectors: bool | None = None

    async def spot(self, caller: Scope, asked: Asked, routes: Sequence[Route]) -> Spot | None:
        """Where the question of a request lies; None for one that has no neighbours.

        Those are requests of other kinds, with results of tools or texts that were masked, and those whose
        last message is none of the user's or holds more than a text.
        """
        question = _question(asked)
        if question is None:
            return None
        try:
            embedding = await self._embedded(caller, question)
        except PilothouseError as error:
            log.warning("question_not_embedded", code=error.code, reason=str(error))
            return None
        return Spot(await self._part(caller, asked, routes), embedding)

    async def near(self, caller: Scope, spot: Spot, age: dt.timedelta) -> bytes | None:
        """The key of the kept answer to the question that is nearest, if it is near enough."""
        now, terms = self._means.books.clock.now(), self._terms
        async with self._database.session(caller) as session:
            kept = NeighbourRepository(session, caller)
            if self._has_vectors is None:
                self._has_vectors = await kept.has_vectors()
            if self._has_vectors:
                found = await kept.nearest(spot.part, spot.embedding, now - age, now)
            else:
                found = await kept.nearest_of_recent(spot.part, spot.embedding, now - age, now, terms.recent)
        return None if found is None or found.nearness < terms.threshold else found.key

    async def keep(self, caller: Scope, spot: Spot, key: bytes, lasts: dt.timedelta) -> None:
        """Remember where the question of a kept answer lies."""
        books = self._means.books
        now = books.clock.now()
        async with self._database.session(caller) as session:
            kept = NeighbourRepository(session, caller)
            await kept.keep(books.ids.new(), spot.part, key, spot.embedding, now, now + lasts)

    async def _part(self, caller: Scope, asked: Asked, routes: Sequence[Route]) -> bytes:
        """A keyed digest of the models and of all that is asked but for the question."""
        given = {name: value for name, value in asked.body.items() if name not in CHANGES_NOTHING}
        messages = given["messages"]
        given["messages"] = messages[:-1] if isinstance(messages, list) else []
        said = {"by": self._terms.model, "models": [route.id for route in routes], "asked": given}
        digest = hashlib.sha256(to_json(said)).hexdigest()
        return await self._sealer.index(caller.tenant_id, "gateway_neighbours", digest)

    async def _embedded(self, caller: Scope, question: str) -> Sequence[float]:
        """Where a question lies. Raises errors of providers and budgets."""
        means = self._means
        books, route = means.books, means.catalogue.routes(caller.tenant_id, self._terms.model)[0]
        wanted = {"model": route.model, "input": question, "encoding_format": "float"}
        data = orjson.dumps(wanted)
        asked = read(Kind.EMBEDDINGS, data)
        account = Account(books, caller, asked, "", books.ids.new(), books.clock.now())
        try:
            await account.reserve(route, 0)
            work = partial(means.asks(route).ask, route, Kind.EMBEDDINGS.value, data)
            reply = await means.callings(route).call(work, account.expected, again=False)
            embedding, tokens = _read(route, reply)
        except BaseException as error:
            account.wrong(error.code if isinstance(error, PilothouseError) else "stopped")
            raise
        account.done(tokens or account.unmeasured(0))
        return embedding


def _read(route: Route, reply: Reply) -> tuple[Sequence[float], Tokens | None]:
    """The embedding in an answer, with the tokens that it took."""
    try:
        if reply.status >= 300:
            raise ProviderFailed(f"{route.id} answers with status {reply.status}.")
        body = orjson.loads(reply.body)
        found = _Embeddings.model_validate(body)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise ProviderFailed(f"{route.id} answers with no embedding.") from error
    return found.data[0].embedding, tokens_of(body.get("usage"))


def _question(asked: Asked) -> str | None:
    """The last message of the user, where it is a text that others may be near to."""
    messages = asked.body.get("messages")
    if asked.kind is not Kind.CHAT or asked.masked or asked.outside or not isinstance(messages, list):
        return None
    last = messages[-1]
    content = last.get("content") if isinstance(last, dict) and last.get("role") == "user" else None
    return content if isinstance(content, str) and 0 < len(content) <= LONGEST else None
