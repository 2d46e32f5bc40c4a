"""Judges actions by their budgets, and says what is to be written beside their appends.

A look before is cheap and may be half a second old; it only spares an append that would be declined. What
decides is the append itself: see `reserving`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from pilothouse.budgets import reserving
from pilothouse.budgets.applying import Limits, Need, needs
from pilothouse.budgets.repository import Ledger
from pilothouse.budgets.schemas import Beyond
from pilothouse.kit.clock import Clock
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.governing import Action, Decision, Requirement, Verdict
from pilothouse.runtime.ports import Statement

K = TypeVar("K")
V = TypeVar("V")

BELIEVED = 0.5
"""Seconds for which what was read is believed: a new budget holds everywhere within that time."""

MOST = 10_000
"""Periods, tenants and actions that are remembered at once."""


class Budgets:
    """The budgets of all tenants, for one process. Use it within one event loop."""

    def __init__(
        self, conninfo: str, clock: Clock, *, prepare: bool = True, believed: float = BELIEVED
    ) -> None:
        """Read on a connection that is opened when it is needed. See `Lane` for `prepare`."""
        self._lane = Lane(conninfo, purpose="budgets", prepare=prepare)
        self._ledger = Ledger(self._lane)
        self._clock = clock
        self._believed = believed
        self._limits: OrderedDict[str, tuple[float, Sequence[Limits]]] = OrderedDict()
        self._used: OrderedDict[tuple[UUID, str], tuple[float, Decimal]] = OrderedDict()
        self._reserving: OrderedDict[tuple[UUID, str], None] = OrderedDict()
        self._reading: Batcher[str, Sequence[Limits]] = Batcher(self._read_limits)
        self._looking: Batcher[tuple[UUID, str], Decimal] = Batcher(self._read_used)

    async def close(self) -> None:
        """Close the connection."""
        await self._reading.close()
        await self._looking.close()
        await self._lane.close()

    async def judge(self, action: Action, *, granted: Collection[str] = ()) -> Decision:
        """Whether an action's budgets have room for it, as far as can be told before it is dispatched.

        Beyond a hard limit it is denied, or takes the approval of each role that its budgets name and that is
        not in `granted`. Beyond a soft one it is allowed with a warning. No denial is told from memory.
        """
        wanted = await self._needs(action)
        looked = (action.run_id, action.step) in self._reserving  # then its reservation was declined
        room = {need.limits.id: await self._room(need, anew=looked) for need in wanted}
        short = [need for need in wanted if _is_short(need, room[need.limits.id], granted)]
        if not short:
            warnings = [_warning(need, room[need.limits.id]) for need in wanted]
            return Decision(verdict=Verdict.ALLOW, warnings=tuple(text for text in warnings if text))
        denying = [need for need in short if need.limits.beyond is Beyond.DENY]
        determining = denying or short
        roles = dict.fromkeys(need.limits.role for need in determining if need.limits.role is not None)
        return Decision(
            verdict=Verdict.DENY if denying else Verdict.APPROVAL,
            reasons=tuple(_reason(need, room[need.limits.id]) for need in determining),
            policies=tuple(f"budget:{need.limits.id}" for need in determining),
            requirements=() if denying else tuple(Requirement(role=role) for role in roles),
        )

    async def reserve(self, action: Action, *, granted: Collection[str] = ()) -> Sequence[Statement]:
        """What to write beside the dispatch; it declines the append where a budget has no room any more."""
        wanted = await self._needs(action)
        if wanted:
            _remember(self._reserving, (action.run_id, action.step), None)
        return reserving.reserve(action, wanted, granted=granted)

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """What to write beside the outcome; see `reserving.settle`. A budget may be gone by then."""
        self._reserving.pop((action.run_id, action.step), None)
        if not await self._limits_of(action.tenant_id):
            return ()
        return reserving.settle(action, succeeded=succeeded)

    async def denied(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """What to write beside a denial: the alert of each budget that determined it."""
        self._reserving.pop((action.run_id, action.step), None)
        ids = {name.removeprefix("budget:") for name in decision.policies}
        wanted = await self._needs(action) if ids else ()
        return reserving.exhaust(need for need in wanted if str(need.limits.id) in ids)

    async def _needs(self, action: Action) -> Sequence[Need]:
        limits = await self._limits_of(action.tenant_id)
        if not limits:
            return ()
        return needs(action, limits, self._clock.now())

    async def _limits_of(self, tenant_id: str) -> Sequence[Limits]:
        read_at, limits = self._limits.get(tenant_id, (None, ()))
        if read_at is None or self._clock.monotonic() - read_at > self._believed:
            limits = await self._reading.put(tenant_id)
        return limits

    async def _room(self, need: Need, *, anew: bool) -> Decimal:
        """What is left of a budget up to its hard limit, or its soft one; below zero beyond it."""
        key = (need.limits.id, need.window.key)
        most = need.limits.hard if need.limits.hard is not None else need.limits.soft or Decimal(0)
        read_at, used = self._used.get(key, (None, Decimal(0)))
        known = read_at is not None and self._clock.monotonic() - read_at <= self._believed
        if anew or not known or used + need.amount > most:
            used = await self._looking.put(key)
        return most - used

    async def _read_limits(self, tenants: Sequence[str]) -> Sequence[Sequence[Limits]]:
        found: dict[str, list[Limits]] = {tenant: [] for tenant in tenants}
        asked = self._clock.monotonic()
        for limits in await self._ledger.limits(tenants):
            found[limits.tenant_id].append(limits)
        for tenant, limited in found.items():
            _remember(self._limits, tenant, (asked, limited))
        return [found[tenant] for tenant in tenants]

    async def _read_used(self, keys: Sequence[tuple[UUID, str]]) -> Sequence[Decimal]:
        asked = self._clock.monotonic()
        found = {(used.budget_id, used.period): used.amount for used in await self._ledger.used(keys)}
        for key in keys:
            _remember(self._used, key, (asked, found.get(key, Decimal(0))))
        return [found.get(key, Decimal(0)) for key in keys]


def _remember(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST:
        kept.popitem(last=False)


def _is_short(need: Need, room: Decimal, granted: Collection[str]) -> bool:
    return need.limits.hard is not None and need.amount > room and not reserving.goes_beyond(need, granted)


def _warning(need: Need, room: Decimal) -> str | None:
    limits = need.limits
    if limits.soft is None:
        return None
    used = (limits.hard if limits.hard is not None else limits.soft) - room + need.amount
    if used <= limits.soft:
        return None
    soft = limits.told(limits.soft)
    return f"The budget {limits.name} is at {limits.told(used)}, beyond its soft limit of {soft}."


def _reason(need: Need, room: Decimal) -> str:
    limits = need.limits
    left, amount = limits.told(max(room, Decimal(0))), limits.told(need.amount)
    return f"The budget {limits.name} has {left} left, and {amount} is needed."
