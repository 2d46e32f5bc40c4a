"""What a call is held to and leaves behind: a held budget, a row of usage, an entry of the audit log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditBatch, Kind, entry
from pilothouse.budgets.service import Spender
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.money import Money
from pilothouse.kit.scope import Scope
from pilothouse.llm.service import Route
from pilothouse.protocols.openai.asking import Asked, Body
from pilothouse.protocols.openai.measuring import GatewayMetrics
from pilothouse.usage.schemas import Call, Tokens
from pilothouse.usage.service import estimated_tokens

log = structlog.get_logger(__name__)

NONE = Tokens()
NOTHING = Money(Decimal(0), "USD")
CHARACTERS = 4
"""Characters of a token, where a provider does not say how many there were."""


class Pricing(Protocol):
    """Knows what calls cost."""

    def cost(self, route: str, tokens: Tokens) -> Money:
        """In US dollars; raises `PriceUnknown`."""
        ...


class Holding(Protocol):
    """What is held for one call."""

    def settle(self, cost: Money, tokens: int) -> None:
        """Spend so much of it, once; the rest goes back."""
        ...


class Leasing(Protocol):
    """Holds budgets for calls."""

    def held(self, spender: Spender, cost: Money, tokens: int) -> Holding | None:
        """From what this process has leased; None where that is too little."""
        ...

    async def take(self, spender: Spender, cost: Money, tokens: int) -> Holding:
        """As `held`, with more from the database. Raises `BudgetExhausted`."""
        ...


class Recording(Protocol):
    """Writes rows of usage."""

    def add(self, call: Call) -> None:
        """Have a row written within a second."""
        ...


@dataclass(frozen=True)
class Books:
    """Where calls are accounted for."""

    prices: Pricing
    leases: Leasing
    usage: Recording
    audit: AuditBatch
    metrics: GatewayMetrics
    clock: Clock
    ids: Ids


@dataclass
class Account:
    """One request and its calls. `route` is the one that was tried last, once a budget was held for it."""

    books: Books
    caller: Scope
    asked: Asked
    request_id: str
    id: UUID
    at: dt.datetime
    since: float = field(default_factory=elapsed)
    route: Route | None = None
    _held: Holding | None = None
    recorded: bool = False
    _estimate: Tokens = NONE
    _reserved: Money = NOTHING

    async def reserve(self, route: Route, answer: int) -> None:
        """Hold what a call may take, with an answer of so many tokens. Raises `BudgetExhausted`.

        Raises `PriceUnknown` where nobody knows what that model costs.
        """
        books = self.books
        self._estimate = Tokens(estimated_tokens(self.asked.size), answer)
        cost, total = books.prices.cost(route.id, self._estimate), self._estimate.total
        spender = Spender(self.caller.tenant_id, self.caller.principal)
        held = books.leases.held(spender, cost, total)
        self._held = await books.leases.take(spender, cost, total) if held is None else held
        self.route, self._reserved = route, cost

    def failed(self, route: Route, code: str, took: Tokens = NONE) -> None:
        """A provider has failed. What it `took` all the same is spent, and has a row of its own."""
        if took.total:
            self._write(self.books.ids.new(), route, took, code)
        else:
            self._settle(NOTHING, 0)
        self.books.metrics.failures.add((route.provider, code))

    def done(
        self,
        tokens: Tokens,
        outcome: str = "ok",
        *,
        streamed: bool = False,
        cached: bool = False,
        run_id: UUID | None = None,
    ) -> None:
        """The request is answered, or over: settle what is held, and record it."""
        if self.route is not None:
            self._write(self.id, self.route, tokens, outcome, streamed=streamed, cached=cached, run_id=run_id)

    def _write(
        self,
        id_: UUID,
        route: Route,
        tokens: Tokens,
        outcome: str,
        *,
        streamed: bool = False,
        cached: bool = False,
        run_id: UUID | None = None,
    ) -> None:
        cost = NOTHING if cached else self._cost(route, tokens)
        self.recorded = True
        self._settle(cost, tokens.total)
        call = Call(
            id=id_,
            tenant_id=self.caller.tenant_id,
            at=self.at,
            source="gateway",
            provider=route.provider,
            model=route.model,
            principal=self.caller.principal,
            tokens=tokens,
            cost=cost.amount,
            latency_ms=(elapsed() - self.since) * 1_000,
            outcome=outcome,
            streamed=streamed,
            cached=cached,
            run_id=run_id,
        )
        self.books.usage.add(call)
        self._record(call)

    def wrong(self, code: str) -> None:
        """The request ends in an error: refused before any model was asked, or because none has answered."""
        if self.recorded:
            return
        if self.route is None:
            self._settle(NOTHING, 0)
            self.books.metrics.refused.add((code,))
        else:
            self.done(NONE, code)

    @property
    def expected(self) -> int:
        """Tokens that the call takes at most."""
        return self._estimate.total

    def unmeasured(self, characters: int) -> Tokens:
        """What is counted where a provider does not say: what was held for, and what has come."""
        return Tokens(self._estimate.input, -(-characters // CHARACTERS))

    def _cost(self, route: Route, tokens: Tokens) -> Money:
        """What a call costs; what was reserved for it, where tokens were used that have no price."""
        try:
            return self.books.prices.cost(route.id, tokens)
        except PilothouseError as error:
            log.warning("call_without_price", model=route.id, code=error.code)
            return self._reserved

    def _settle(self, cost: Money, tokens: int) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.settle(cost, tokens)

    def _record(self, call: Call) -> None:
        """The entry has the id of the call, by which usage and audit are laid side by side."""
        details: dict[str, JsonValue] = {
            "did": self.asked.kind.value,
            "request_id": self.request_id,
            "wanted": self.asked.model,
            "outcome": call.outcome,
            "tokens": {"input": call.tokens.input, "output": call.tokens.output},
            "cost": f"{call.cost} USD",
            "cached": call.cached,
        }
        self.books.audit.add(
            [
                entry(
                    call.id,
                    call.tenant_id,
                    call.at,
                    Kind.MODEL,
                    call.principal,
                    f"{call.provider}:{call.model}",
                    run_id=call.run_id,
                    details=details,
                )
            ]
        )


def tokens_of(usage: JsonValue) -> Tokens | None:
    """The tokens that a provider's usage tells; None where it tells none that make sense."""
    if not isinstance(usage, dict):
        return None
    given = _number(usage, "prompt_tokens", "input_tokens")
    made = _number(usage, "completion_tokens", "output_tokens")
    if given is None:
        return None
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    read = _number(details, "cached_tokens") if isinstance(details, dict) else None
    written = _number(details, "cache_creation_tokens") if isinstance(details, dict) else None
    read = min(read or 0, given)
    return Tokens(given, made or 0, read, min(written or 0, given - read))


def _number(holder: Body, *names: str) -> int | None:
    for name in names:
        value = holder.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
            return value
    return None
