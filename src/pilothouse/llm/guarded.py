"""Calls to models behind what guards every call to a service: breakers, retries, bulkheads, rates, deadlines.

Each model is a dependency of its own (`model/openai:gpt-5.2`), for a provider often fails with one model and
not with another. All models of a provider share its bulkhead and its rates (`provider/openai`).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pilothouse.llm.catalogue import Route
from pilothouse.llm.errors import ProviderClosed, ProviderMissing, ProviderRefused
from pilothouse.model_settings import ProviderTerms
from pilothouse.resilience import (
    BreakerTerms,
    BulkheadTerms,
    Dependency,
    Faults,
    RateTerms,
    Registry,
    Terms,
    is_failure,
)

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds that a call has where nobody says how many: those of a rung, unless settings say otherwise."""

_ANSWERED = (ProviderRefused, ProviderClosed, ProviderMissing)
"""What a provider says of the request or of us: it works, and would say the same again."""

OF_MODELS = Terms(deadline=None, bulkhead=None)
"""Of a model: breaker and retries as for anything else. The deadline is given with each call."""


class GuardedCalls:
    """The calls of a process to models. Use it within one event loop."""

    def __init__(self, registry: Registry) -> None:
        """Make the dependencies in `registry`, where operators see them and set their breakers by hand."""
        self._registry = registry
        self._terms: dict[str, tuple[ProviderTerms, Terms]] = {}

    async def call(
        self,
        route: Route,
        tokens: int,
        work: Callable[[], Awaitable[T]],
        *,
        deadline: float | None = None,
    ) -> T:
        """What `work` gives, tried again where that can help and there is time for it.

        `tokens`, what it takes at most, are what the provider's tokens a minute count. Raises what `work`
        raises, and `BreakerOpen`, `BulkheadFull`, `RateExceeded` or `DeadlineExceeded`.
        """
        seconds = DEADLINE if deadline is None else deadline
        return await self.dependency(route).call(work, deadline=seconds, weight=tokens)

    def dependency(self, route: Route) -> Dependency:
        """What stands before one model; streams go through its `stream`."""
        said, terms = self._terms.get(route.provider) or (None, OF_MODELS)
        if said is not route.terms:
            terms = terms_of(route.terms)
            self._terms[route.provider] = route.terms, terms
        provider = self._registry.dependency(f"provider/{route.provider}", terms)
        return self._registry.dependency(f"model/{route.id}", OF_MODELS, within=provider, faults=FAULTS)


def terms_of(provider: ProviderTerms) -> Terms:
    """What the models of a provider share. Its breaker opens by hand only: it hears of no call."""
    rates, second = None, provider.requests_per_second
    if second is not None or provider.tokens_per_minute is not None:
        burst = max(1, math.ceil(second or 1))
        rates = RateTerms(calls=second, burst=burst, weight=provider.tokens_per_minute)
    return Terms(
        deadline=None,
        breaker=BreakerTerms(),
        retry=None,
        bulkhead=BulkheadTerms(at_once=provider.concurrency),
        rates=rates,
    )


def _failed(error: BaseException) -> bool:
    return is_failure(error) and not isinstance(error, _ANSWERED)


FAULTS = Faults(recorded=_failed)
"""What counts as a failure of a model: not a request that it refused, nor a key that it does not know."""
