"""Requests that agents of other frameworks make to models by themselves, as rows of usage.

What they took is learnt afterwards and as the framework tells it: nothing of it is trusted to fit a row, and
no price has to be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import structlog

from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.booking import Asker, Request
from pilothouse.runtime.ports import Statement
from pilothouse.usage.errors import PriceUnknown
from pilothouse.usage.pricing import Prices
from pilothouse.usage.recording import recorded
from pilothouse.usage.schemas import Call, Tokens

log = structlog.get_logger(__name__)

LONGEST = 255
"""Characters of a name that a row keeps."""
GREATEST = 10**9
"""Tokens of a request that a row counts at most: more than any model takes."""
NOTHING = Decimal(0)


class RequestBook:
    """Writes each request as a row beside the append that comes next in its run: with it, or not at all."""

    def __init__(self, prices: Prices, clock: Clock, ids: Ids) -> None:
        """Requests cost what `prices` say."""
        self._prices, self._clock, self._ids = prices, clock, ids

    def priced(self, request: Request) -> bool:
        """Whether anybody knows what the request costs."""
        return self._cost(request) is not None

    def booked(self, asker: Asker, request: Request) -> Sequence[Statement]:
        """The row. Where nobody knows the price it costs nothing, and that is said in the log."""
        provider, model = self._whom(request)
        cost = self._cost(request)
        if cost is None:
            told_of = {"model": f"{provider}:{model}", "agent": asker.agent, "run_id": str(asker.run_id)}
            log.warning("call_without_price", **told_of, code=PriceUnknown.code)
        call = Call(
            id=self._ids.new(),
            tenant_id=asker.tenant_id,
            at=self._clock.now(),
            source="run",
            provider=provider,
            model=model,
            principal=asker.principal,
            tokens=_tokens(request),
            cost=cost or NOTHING,
            latency_ms=request.seconds * 1_000,
            outcome=request.outcome,
            streamed=request.streamed,
            cached=request.cached,
            run_id=asker.run_id,
            step=asker.step,
            workflow=asker.workflow,
            agent=asker.agent,
        )
        return (recorded(call),)

    def _whom(self, request: Request) -> tuple[str, str]:
        """The provider as settings or prices name it ("": nobody knows it), and its name for the model."""
        return self._prices.whose(_name(request.provider), request.address), _name(request.model)

    def _cost(self, request: Request) -> Decimal | None:
        """US dollars; None where nobody knows the price. What took nothing costs nothing."""
        tokens = _tokens(request)
        if request.cached or not tokens.total:
            return NOTHING
        try:
            return self._prices.cost(":".join(self._whom(request)), tokens).amount
        except PriceUnknown:
            return None


def _tokens(request: Request) -> Tokens:
    counted = (request.input, request.output, request.cache_read, request.cache_write)
    return Tokens(*(min(max(int(count), 0), GREATEST) for count in counted))


def _name(text: str) -> str:
    """A name as a row can hold it."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "")[:LONGEST]
