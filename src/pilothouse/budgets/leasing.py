"""Leases: a process reserves part of each budget for its next second, and draws on that in memory.

For the gateway, whose calls are too many to ask the database at each. A lease is a reservation like any
other, so that no number of processes goes beyond a hard limit together; decision 47 says what crashes lose.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from uuid import UUID

import structlog

from pilothouse.budgets.applying import Limits, Spender, amount_of, of_spender
from pilothouse.budgets.errors import BudgetExhausted
from pilothouse.budgets.lease import NOTHING, Lease
from pilothouse.budgets.repository import Leased, Ledger
from pilothouse.budgets.schemas import Beyond
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.money import Money
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.connection import Lane

__all__ = ["Held", "Leases", "Spender"]

log = structlog.get_logger(__name__)

EVERY = 0.5
"""Seconds between two renewals: what is spent is written, changes of budgets are learnt."""
VALID = 10.0
"""Seconds after the last renewal for which a lease is drawn on; the database may be away so long."""
ACTIVE = 5.0
"""Seconds after its last call for which a tenant's budgets are kept in mind."""
MOST = 100_000
"""Spenders that are kept in mind at once."""
ROUNDS = 20
"""How often a call asks again where others have drawn what was leased for it."""

_Key = tuple[UUID, str]


class Held:
    """What is held of budgets for one call until it is settled."""

    __slots__ = ("_draws",)

    def __init__(self, draws: Sequence[tuple[Lease, Decimal]]) -> None:
        """Made by `Leases` only."""
        self._draws: Sequence[tuple[Lease, Decimal]] = draws

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of budgets that are beyond their soft limits."""
        return tuple(text for lease, _ in self._draws if (text := lease.warning) is not None)

    def settle(self, cost: Money, tokens: int) -> None:
        """Count what the call has taken, also where that is more; what it has not goes back into the lease.

        A call that has failed has taken nothing, but it was an action. Only the first settlement counts.
        """
        draws, self._draws = self._draws, ()
        for lease, drawn in draws:
            lease.settle(drawn, amount_of(lease.limits, tokens, cost))


@dataclass
class _Tenant:
    """The budgets of a tenant as they were read last, and when that was, and when somebody asked last."""

    limits: Sequence[Limits]
    read_at: float
    asked_at: float


@dataclass
class _Known:
    """The leases that a spender's calls draw on, until when they are the right ones."""

    tenant: _Tenant
    leases: Sequence[Lease]
    until: dt.datetime | None


@dataclass(frozen=True)
class _Demand:
    """What one call needs of leases."""

    draws: Sequence[tuple[Lease, Decimal]] = field(default=())


class Leases:
    """The leases of one process. Use it within one event loop."""

    def __init__(self, lane: Lane, clock: Clock, ids: Ids, *, every: float = EVERY) -> None:
        """Ask on `lane`, which others may use as well; nothing is read or leased before the first call."""
        self._ledger = Ledger(lane)
        self._clock, self._every = clock, every
        self._process = ids.new()
        self._numbers: Iterator[int] = count(1)
        self._tenants: dict[str, _Tenant] = {}
        self._spenders: dict[Spender, _Known] = {}
        self._leases: dict[_Key, Lease] = {}
        self._alerted: set[_Key] = set()
        self._renewed_at = self._passed_at = clock.monotonic()
        self._asking: Batcher[_Demand | None, Held | None] = Batcher(self._ask)
        self._reading: Batcher[str, _Tenant] = Batcher(self._read)
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False

    def held(self, spender: Spender, cost: Money, tokens: int) -> Held | None:
        """What a call holds, from what is leased already; None where `take` has to be asked."""
        known = self._spenders.get(spender)
        if known is None:
            return None
        now, tenant = self._clock.monotonic(), known.tenant
        if now - tenant.read_at > VALID:
            return None
        tenant.asked_at = now
        if known.until is None:
            return Held(())
        if now - self._renewed_at > VALID or self._clock.now() >= known.until:
            return None
        draws = [(lease, amount_of(lease.limits, tokens, cost)) for lease in known.leases]
        return self._drawn(draws, now)

    async def take(self, spender: Spender, cost: Money, tokens: int) -> Held:
        """What a call holds; more is leased where it has to be.

        Raises `BudgetExhausted`, which names the budget, and `DatabaseUnavailable`.
        """
        for _ in range(ROUNDS):
            known = await self._resolved(spender)
            if not known.leases:
                return Held(())
            draws = [(lease, amount_of(lease.limits, tokens, cost)) for lease in known.leases]
            held = await self._asking.put(_Demand(draws))
            if held is not None:
                return held
        raise BudgetExhausted(
            "The budgets' rest is wanted by too many calls at once.", hint="Try again in a second."
        )

    async def renew(self) -> None:
        """Write what is spent, give back what is idle and learn what has changed. Done each half second.

        Raises `DatabaseUnavailable`; then it is done at the next time.
        """
        now = self._clock.monotonic()
        for lease in self._leases.values():
            lease.passed(now - self._passed_at)
        self._passed_at = now
        self._tenants = {
            name: tenant for name, tenant in self._tenants.items() if now - tenant.asked_at < ACTIVE
        }
        self._spenders = {
            who: known for who, known in self._spenders.items() if who.tenant_id in self._tenants
        }
        if self._tenants:
            await asyncio.gather(*(self._reading.put(tenant_id) for tenant_id in self._tenants))
        if self._leases:
            await self._asking.put(None)
        else:
            self._renewed_at = now

    async def close(self) -> None:
        """Write what is spent, give back what no call holds, and close the connection."""
        self._is_closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        try:
            for _ in range(2):  # a report that is sent again does not tell what was spent since
                if self._leases:
                    await self._asking.put(None)
        except DatabaseUnavailable as error:
            log.warning("budget_leases_not_returned", leases=len(self._leases), reason=str(error))
        finally:
            await self._asking.close()
            await self._reading.close()

    def _drawn(self, draws: Sequence[tuple[Lease, Decimal]], now: float) -> Held | None:
        for lease, amount in draws:
            if amount > lease.free or lease.is_dead:
                return None
        for lease, amount in draws:
            lease.draw(amount, now)
        return Held(draws)

    async def _resolved(self, spender: Spender) -> _Known:
        """The leases that a spender's calls draw on, from budgets that were read lately."""
        if self._task is None and not self._is_closing:
            self._task = asyncio.create_task(self._go_on())
        now, at = self._clock.monotonic(), self._clock.now()
        tenant = self._tenants.get(spender.tenant_id)
        if tenant is None or now - tenant.read_at > VALID:
            tenant = await self._reading.put(spender.tenant_id)
        tenant.asked_at = now
        known = self._spenders.get(spender)
        if known is not None and known.tenant is tenant and (known.until is None or at < known.until):
            return known
        counted = of_spender(spender, tenant.limits, at)
        ends = [window.ends_at for _, window in counted if window.ends_at is not None]
        leases = [
            self._leases.setdefault((limits.id, window.key), Lease(limits, window, now))
            for limits, window in counted
        ]
        if len(self._spenders) >= MOST:
            self._spenders.clear()
        known = self._spenders[spender] = _Known(tenant, leases, min(ends, default=None))
        return known

    async def _read(self, tenants: Sequence[str]) -> Sequence[_Tenant]:
        """Read the budgets of tenants; where they have changed, spenders are looked at anew."""
        asked = self._clock.monotonic()
        found: dict[str, list[Limits]] = {tenant: [] for tenant in tenants}
        for limits in await self._ledger.limits(list(found)):
            found[limits.tenant_id].append(limits)
        changed = False
        for name, limited in found.items():
            tenant = self._tenants.get(name)
            if tenant is None:
                self._tenants[name] = _Tenant(limited, asked, asked)
            elif tenant.limits == limited:
                tenant.read_at = asked
            else:
                tenant.limits, tenant.read_at, changed = limited, asked, True
        if changed:
            self._changed({limits.id: limits for limited in found.values() for limits in limited})
        return [self._tenants[tenant] for tenant in tenants]

    def _changed(self, limited: dict[UUID, Limits]) -> None:
        self._spenders.clear()
        self._alerted.clear()
        for lease in self._leases.values():
            lease.limits = limited.get(lease.limits.id, lease.limits)

    async def _ask(self, demands: Sequence[_Demand | None]) -> Sequence[Held | BaseException | None]:
        """Ask the database for what calls need, and with a renewal among them for all leases."""
        needs: dict[Lease, Decimal] = defaultdict(Decimal)
        if None in demands:
            needs.update(dict.fromkeys(self._leases.values(), NOTHING))
        for demand in demands:
            for lease, amount in demand.draws if demand is not None else ():
                needs[lease] += amount
        now = self._clock.monotonic()
        asking = (
            self._process,
            [
                lease.ask(need, now, self._numbers, closing=self._is_closing)
                for lease, need in needs.items()
                if not lease.is_dead
            ],
        )
        answers = {(found.budget_id, found.period): found for found in await self._ledger.lease(*asking)}
        for lease in needs:
            found = answers.get(lease.key)
            if lease.is_dead:
                continue
            if found is None or found.lapsed:
                self._ended(lease, found, now)
            else:
                lease.told(found)
        if None in demands:
            self._renewed_at = now
            self._forget()
        results = [None if demand is None else self._answered(demand, now) for demand in demands]
        await self._exhaust(results)
        return results

    def _ended(self, lease: Lease, found: Leased | None, now: float) -> None:
        """A budget is gone, or this process was thought to be dead: its lease was charged or released."""
        self._spenders.clear()
        self._leases.pop(lease.key, None)
        lease.is_dead = True
        if found is None:
            return
        log.warning("budget_lease_lapsed", budget=str(lease.limits.id), charged=found.charged)
        heir = self._leases[lease.key] = Lease(lease.limits, lease.window, now)
        heir.told(found)
        if not found.charged:
            lease.heir = heir
            heir.spent = lease.spent

    def _forget(self) -> None:
        """Forget leases of which nothing is left."""
        over = [key for key, lease in self._leases.items() if lease.is_over]
        for key in over:
            del self._leases[key]
        if over:
            self._spenders.clear()

    def _answered(self, demand: _Demand, now: float) -> Held | BaseException | None:
        """What a call holds now; None where it has to ask again; the error where there is no room."""
        for lease, amount in demand.draws:
            if lease.is_dead:
                return None
            if lease.room is not None and amount > lease.free + max(lease.room, NOTHING):
                return _exhausted(lease, amount)
        return self._drawn(demand.draws, now)

    async def _exhaust(self, results: Sequence[object]) -> None:
        """Make the alert of budgets that have denied something, once for each."""
        denied = {
            error.key: None
            for error in results
            if isinstance(error, _Exhausted) and error.key not in self._alerted
        }
        if denied:
            await self._ledger.exhaust(list(denied))
            self._alerted.update(denied)

    async def _go_on(self) -> None:
        """Renew while there is anything to renew."""
        failing = False
        while self._tenants or self._leases:
            await asyncio.sleep(self._every)
            try:
                await self.renew()
            except DatabaseUnavailable as error:
                if not failing:
                    log.warning("budget_leases_not_renewed", reason=str(error))
                failing = True
            else:
                failing = False
        self._task = None


class _Exhausted(BudgetExhausted):
    """Knows of which lease it tells."""

    def __init__(self, lease: Lease, message: str, hint: str) -> None:
        super().__init__(message, budget=lease.limits.name, budget_id=lease.limits.id, hint=hint)
        self.key = lease.key


def _exhausted(lease: Lease, amount: Decimal) -> _Exhausted:
    limits = lease.limits
    left = max((lease.room or NOTHING) + max(lease.free, NOTHING), NOTHING)
    message = f"The budget {limits.name} has {limits.told(left)} left, and {limits.told(amount)} is needed."
    ends = lease.window.ends_at
    hint = f"Its next period begins at {ends:%Y-%m-%d %H:%M} UTC." if ends is not None else "Raise its limit."
    if limits.beyond is Beyond.APPROVAL:
        hint = f"A call through the gateway cannot wait for the approval that this budget asks for. {hint}"
    return _Exhausted(lease, message, hint)
