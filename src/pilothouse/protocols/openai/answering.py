"""One request from its texts to its answer: guards, cache, budget, the models behind its name, books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson
import structlog
from pydantic import JsonValue
from starlette.requests import ClientDisconnect

from pilothouse.errors import Forbidden, PilothouseError
from pilothouse.guards.service import Exchange, Guards
from pilothouse.kit.scope import Scope
from pilothouse.llm.service import Catalogue, ProviderFailed, Route
from pilothouse.model_settings import GatewayTerms
from pilothouse.protocols.openai import models
from pilothouse.protocols.openai.accounting import Account, Books, tokens_of
from pilothouse.protocols.openai.asking import Asked, Body, Kind, answer_places, is_quoted, text_at
from pilothouse.protocols.openai.balancing import Balance
from pilothouse.protocols.openai.caching import Cache, Found, Lookup
from pilothouse.protocols.openai.calling import Callings
from pilothouse.protocols.openai.errors import StreamCut, Untranslated
from pilothouse.protocols.openai.events import Events
from pilothouse.protocols.openai.sending import Answer, Sender
from pilothouse.protocols.openai.upstream import Reply, UpstreamLate
from pilothouse.switches.schemas import Killable
from pilothouse.usage.schemas import Tokens

log = structlog.get_logger(__name__)

CANCELLED = "cancelled"
"""The outcome of a call whose client went away."""


class Asks(Protocol):
    """Asks providers, in whatever language they speak."""

    async def ask(self, route: Route, path: str, data: bytes) -> Reply:
        """The whole answer. Raises `ProviderFailed` where another model may help."""
        ...

    def stream(self, route: Route, path: str, data: bytes, reply: Reply) -> AsyncIterator[bytes]:
        """The pieces of an answer; `reply` is filled in before the first one."""
        ...


class Stops(Protocol):
    """Knows what is killed."""

    def holds(self, tenant_id: str, workflow: str) -> str | None:
        """Why nothing is done for a tenant; None where it is."""
        ...

    def stops(self, tenant_id: str, kind: str, name: str) -> str | None:
        """Why a provider is not used; None where it is."""
        ...


class Running(Protocol):
    """Has workflows and agents answer."""

    def knows(self, model: str) -> bool:
        """Whether a name is one of theirs."""
        ...

    async def answer(self, account: Account, sender: Sender) -> None:
        """Have a run answer."""
        ...


@dataclass(frozen=True)
class Parts:
    """What answers are made with."""

    terms: GatewayTerms
    catalogue: Catalogue
    asks: Callable[[Route], Asks]
    callings: Callings
    balance: Balance
    books: Books
    guards: Guards | None = None
    stops: Stops | None = None
    cache: Cache | None = None
    running: Running | None = None


@dataclass
class _Work:
    """One request on its way: its account, its texts' guard, and what the cache said."""

    account: Account
    sender: Sender
    exchange: Exchange | None
    lookup: Lookup | None = None

    @property
    def asked(self) -> Asked:
        return self.account.asked


class Answering:
    """Answers requests. Use it within one event loop."""

    def __init__(self, parts: Parts) -> None:
        """Work with `parts`."""
        self._parts = parts

    async def answer(
        self, asked: Asked, caller: Scope, request_id: str, cache_control: str, sender: Sender
    ) -> None:
        """Answer a request; `cache_control` is what its client says of caches.

        Raises what is wrong before the answer has begun; a stream that has begun tells it as its last event.
        """
        parts, books = self._parts, self._parts.books
        books.audit.insist()
        id_, at = books.ids.new(), books.clock.now()
        account = Account(books, caller, asked, request_id, id_, at)
        exchange = None
        if parts.guards is not None:
            exchange = parts.guards.exchange(caller.tenant_id, id_, at, caller.principal)
        work = _Work(account, sender, exchange)
        try:
            models.insist(caller, asked.model)
            await self._answer(work, cache_control)
        except PilothouseError as error:
            account.wrong(error.code)
            raise
        finally:
            if exchange is not None:
                books.audit.add(exchange.told)

    async def _answer(self, work: _Work, cache_control: str) -> None:
        parts, asked, caller = self._parts, work.asked, work.account.caller
        if parts.running is not None and parts.running.knows(asked.model):
            await parts.running.answer(work.account, work.sender)
            return
        routes = self._usable(caller, parts.catalogue.routes(caller.tenant_id, asked.model))
        if work.exchange is not None:
            asked.put(await work.exchange.asked(asked.texts, asked.outside))
        if parts.cache is not None:
            work.lookup = await parts.cache.look(caller, asked, routes, cache_control)
            if work.lookup is not None and work.lookup.found is not None:
                await self._from_cache(work, routes[0], work.lookup.found)
                return
        if asked.stream and asked.kind is Kind.CHAT and not asked.wants_usage:
            options = asked.body.get("stream_options")
            asked.body["stream_options"] = {
                **(options if isinstance(options, dict) else {}),
                "include_usage": True,
            }
        await (self._streamed if asked.stream else self._whole)(work, parts.balance.order(routes))

    def _usable(self, caller: Scope, routes: Sequence[Route]) -> Sequence[Route]:
        """The routes whose providers are not killed. Raises `Forbidden` where none is left."""
        stops = self._parts.stops
        if stops is None:
            return routes
        why = stops.holds(caller.tenant_id, "")
        left = []
        for route in routes:
            stopped = why or stops.stops(caller.tenant_id, Killable.PROVIDER, route.provider)
            why = stopped or why
            if stopped is None:
                left.append(route)
        if not left:
            raise Forbidden(why or "No model is left.", hint="`pilothouse switches` shows what is killed.")
        return left

    async def _whole(self, work: _Work, routes: Sequence[Route]) -> None:
        """An answer as a whole, of the first model that gives one."""
        account, asked, parts = work.account, work.asked, self._parts
        last: PilothouseError | None = None
        for route in routes:
            data = await self._begin(account, asked, route)
            asks = parts.asks(route)
            try:
                with parts.balance.taken(route):
                    work_of = partial(asks.ask, route, asked.kind.value, data)
                    calling = parts.callings(route)
                    reply = await calling.call(work_of, account.expected, again=route is routes[-1])
            except PilothouseError as error:
                last = _helped(account, route, error)
                continue
            except asyncio.CancelledError:
                account.done(account.unmeasured(0), CANCELLED)
                raise
            await self._tell(work, route, reply)
            return
        raise last or ProviderFailed("No model is left to be asked.")

    async def _tell(self, work: _Work, route: Route, reply: Reply) -> None:
        """Pass an answer on, behind the guard. Raises `Blocked`, once it is accounted for."""
        account, asked = work.account, work.asked
        if reply.status >= 300:
            account.done(Tokens(), f"provider_{reply.status}")
            await work.sender.whole(Answer(reply.status, self._restored(work, reply.body), route.id))
            return
        body, usage = _parsed(asked.kind, reply.body)
        tokens = tokens_of(usage) or account.unmeasured(len(reply.body))
        try:
            masked, shown = await self._guarded(work, body, reply.body)
        except PilothouseError as error:
            account.done(tokens, error.code)
            raise
        account.done(tokens)
        if work.lookup is not None and self._parts.cache is not None:
            await self._parts.cache.keep(account.caller, work.lookup, masked)
        await work.sender.whole(Answer(200, shown, route.id, "miss" if work.lookup else None))

    async def _guarded(self, work: _Work, body: Body | None, data: bytes) -> tuple[bytes, bytes]:
        """An answer as it may be kept, and as the caller may see it. Raises `Blocked`."""
        exchange = work.exchange
        places = [] if exchange is None or body is None else answer_places(work.asked.kind, body)
        if exchange is None or not places:
            return data, data
        texts = [text_at(place) for place in places]
        changed = await exchange.answered(texts)
        for at, text in changed.items():
            places[at][0][places[at][1]] = text  # type: ignore[index]  # a name for an object
        masked = orjson.dumps(body) if changed else data
        restored = False
        for place in places:
            text = text_at(place)
            shown = exchange.restored(text, quoted=is_quoted(place))
            if shown != text:
                place[0][place[1]] = shown  # type: ignore[index]  # a name for an object
                restored = True
        return masked, orjson.dumps(body) if restored else masked

    async def _streamed(self, work: _Work, routes: Sequence[Route]) -> None:
        """An answer piece by piece, of the first model that begins one."""
        account, asked, parts = work.account, work.asked, self._parts
        last: PilothouseError | None = None
        for route in routes:
            data = await self._begin(account, asked, route)
            reply, asks = Reply(0, ""), parts.asks(route)
            make = partial(asks.stream, route, asked.kind.value, data, reply)
            calling = parts.callings(route)
            pieces = calling.stream(make, account.expected, again=route is routes[-1])
            try:
                with parts.balance.taken(route):
                    first = await anext(pieces, b"")
                    if reply.status >= 300 or reply.media_type != "text/event-stream":
                        reply.body = first
                        await self._tell(work, route, reply)
                        return
                    await self._pass_on(work, route, first, pieces)
                    return
            except PilothouseError as error:
                if work.sender.begun:
                    raise
                last = _helped(account, route, error)
            except asyncio.CancelledError:
                account.done(account.unmeasured(0), CANCELLED, streamed=True)
                raise
            finally:
                await _closed(pieces)
        raise last or ProviderFailed("No model is left to be asked.")

    async def _pass_on(self, work: _Work, route: Route, first: bytes, pieces: AsyncIterator[bytes]) -> None:
        """Pass a stream on, from its first piece to its end; what goes wrong is its last event."""
        account, sender = work.account, work.sender
        events = Events(work.asked.kind, work.exchange, wants_usage=work.asked.wants_usage)
        outcome, failure = "ok", None
        await sender.begin(route.id, "miss" if work.lookup else None)
        try:
            await sender.piece(await events.passed(first))
            async for piece in pieces:
                await sender.piece(await events.passed(piece))
            await sender.piece(await events.finished())
            outcome = events.failure or "ok"
        except PilothouseError as error:
            failure = error if not isinstance(error, ProviderFailed) else StreamCut(str(error))
            outcome = failure.code
            log.warning("stream_failed", model=route.id, code=outcome, reason=str(error))
        except (asyncio.CancelledError, ClientDisconnect):
            outcome = CANCELLED
            raise
        except Exception:
            outcome = PilothouseError.code
            raise
        finally:
            tokens = tokens_of(events.usage) or account.unmeasured(events.characters)
            account.done(tokens, outcome, streamed=True)
        await sender.end(failure)

    async def _from_cache(self, work: _Work, route: Route, found: Found) -> None:
        """Answer with what was kept; it passes the caller's own placeholders."""
        work.account.route = route
        body, usage = _parsed(work.asked.kind, found.answer)
        _, shown = await self._guarded(work, body, found.answer)
        work.account.done(tokens_of(usage) or Tokens(), streamed=work.asked.stream, cached=True)
        answer = Answer(200, shown, route.id, found.how)
        if work.asked.stream:
            await work.sender.replay(work.asked, answer)
        else:
            await work.sender.whole(answer)

    async def _begin(self, account: Account, asked: Asked, route: Route) -> bytes:
        """What a model is asked, once the budget for it is held. Raises `BudgetExhausted`."""
        await account.reserve(route, asked.answer_tokens(self._parts.terms.answer_tokens))
        return asked.written(route)

    def _restored(self, work: _Work, data: bytes) -> bytes:
        """A provider's error as it said it, with what it quotes of the request restored."""
        if work.exchange is None or not work.exchange.originals:
            return data
        return work.exchange.restored(data.decode("utf-8", "replace"), quoted=True).encode()


def _helped(account: Account, route: Route, error: PilothouseError) -> PilothouseError:
    """The error, where another model may help; raises it where none can."""
    late = (
        isinstance(error, UpstreamLate) and not error.reply
    )  # what was asked is billed, whoever hears the answer
    account.failed(route, error.code, account.unmeasured(0) if late else Tokens())
    if not (error.status >= 500 or isinstance(error, ProviderFailed | Untranslated)):
        raise error
    log.warning("model_failed", model=route.id, code=error.code, reason=str(error))
    return error


def _parsed(kind: Kind, data: bytes) -> tuple[Body | None, JsonValue]:
    """An answer and its usage; of embeddings, which are long and hold no text, the usage alone."""
    try:
        if kind is Kind.EMBEDDINGS:
            at = data.rfind(b'"usage"')
            end = data.find(b"}", at)
            return None, orjson.loads(b"{" + data[at : end + 1] + b"}")["usage"] if at >= 0 else None
        body = orjson.loads(data)
    except (orjson.JSONDecodeError, KeyError):
        return None, None
    return (body, body.get("usage")) if isinstance(body, dict) else (None, None)


async def _closed(pieces: AsyncIterator[bytes]) -> None:
    close = getattr(pieces, "aclose", None)
    if close is not None:
        await close()
