"""The rules: who is counted, against which rates, and what holds while Redis is away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pilothouse.kit.scope import LOCAL_PRINCIPAL, Scope
from pilothouse.throttling.addresses import counted_as
from pilothouse.throttling.local import LocalBuckets
from pilothouse.throttling.schemas import (
    MINUTE,
    Absence,
    Claim,
    Rate,
    Rates,
    Tally,
    TooManyRequests,
    Verdict,
)

if TYPE_CHECKING:
    from pilothouse.throttling.shared import SharedWindows

KeyRate = Callable[[Scope], int | None]
"""The requests a minute that a key has of its own; None where the installation's rate holds."""

CLOSED = Rate("unavailable", 1, 1, 1)


class Throttle:
    """Counts the requests of one process, or with Redis those of all of them. `close` it at the end."""

    def __init__(
        self,
        rates: Rates,
        local: LocalBuckets,
        shared: SharedWindows | None = None,
        *,
        absence: Absence = Absence.LOCAL,
        key_rate: KeyRate = lambda _scope: None,
    ) -> None:
        """Count by `rates`, in `shared` where it is given; what holds in its `absence` is said too."""
        self.rates = rates
        self.local = local
        self.shared = shared
        self.tally = Tally()
        self.absence = absence
        self._key_rate = key_rate

    async def of_address(self, address: str) -> Verdict | None:
        """Count a request without a valid credential; None where that is unlimited.

        Raises `TooManyRequests`.
        """
        rate = self.rates.address
        return await self._count([Claim(f"address:{counted_as(address)}", rate)] if rate else [])

    async def of_principal(self, scope: Scope) -> Verdict | None:
        """Count a request of whoever has signed in; None where that is unlimited.

        Raises `TooManyRequests`.
        """
        if scope.principal == LOCAL_PRINCIPAL:
            return None
        rates = self.rates
        claims = [Claim(f"{rate.name}:{scope.principal}", rate) for rate in self._own(scope)]
        if rates.tenant is not None:
            claims.append(Claim(f"tenant:{scope.tenant_id}", rates.tenant))
        return await self._count(claims)

    async def of_costly(self, operation: str, scope: Scope | None, address: str) -> Verdict | None:
        """Count a costly request, by operation. Raises `TooManyRequests`."""
        rate = self.rates.costly
        if rate is None or (scope is not None and scope.principal == LOCAL_PRINCIPAL):
            return None
        who = f"address:{counted_as(address)}" if scope is None else f"{scope.tenant_id}:{scope.principal}"
        return await self._count([Claim(f"{operation}:{who}", rate)])

    async def close(self) -> None:
        """Leave Redis."""
        if self.shared is not None:
            await self.shared.close()

    def _own(self, scope: Scope) -> Sequence[Rate]:
        """The rates of a principal itself."""
        if not scope.principal.startswith("key:"):
            return self.rates.user
        default, own = self.rates.key, self._key_rate(scope)
        if own is None:
            return [default] if default is not None else []
        return [replace(default or Rate("key", own, MINUTE, own), amount=own, burst=burst_of(own))]

    async def _count(self, claims: Sequence[Claim]) -> Verdict | None:
        if not claims:
            return None
        verdict = await self.shared.take(claims) if self.shared is not None else None
        if verdict is None:
            if self.shared is not None and self.absence is Absence.OPEN:
                return None
            if self.shared is not None and self.absence is Absence.CLOSED:
                verdict = Verdict(False, CLOSED, 0, 1, 1)
            else:
                verdict = self.local.take(claims)
        self.tally.add(verdict)
        if verdict.allowed:
            return verdict
        raise refusal(verdict)


def burst_of(amount: int) -> int:
    """How many of `amount` requests a minute may come at once: half as many again."""
    return amount + amount // 2


def refusal(verdict: Verdict) -> TooManyRequests:
    """The error that tells a client what it has exceeded."""
    headers = verdict.headers()
    hint = f"Try again in {headers['retry-after']} s."
    rate = verdict.rate
    if rate is CLOSED:
        return TooManyRequests("Requests cannot be counted at present.", headers=headers, hint=hint)
    told = f"More than {rate.amount} requests in {rate.window} s, the limit {rate.name!r}."
    return TooManyRequests(told, headers=headers, hint=hint)
