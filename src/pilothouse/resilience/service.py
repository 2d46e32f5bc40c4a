"""The rules of breakers for those who look at them and set them by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import structlog

from pilothouse.audit.service import AuditLog
from pilothouse.errors import NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.problems import Fault, InvalidFields
from pilothouse.kit.scope import Scope
from pilothouse.resilience.repository import BreakerRepository, in_force
from pilothouse.resilience.schemas import (
    Breakers,
    BreakerShown,
    Mode,
    NewOverride,
    OverrideShown,
    Reported,
)
from pilothouse.resilience.states import State
from pilothouse.resilience.tables import OverrideRow, ReportRow

log = structlog.get_logger(__name__)

STRICTEST = (
    *(State.FORCED_OPEN, State.OPEN, State.HALF_OPEN),
    *(State.CLOSED, State.METRICS_ONLY, State.DISABLED),
)
"""States in the order of how few calls they let through."""


class BreakerBook:
    """The breakers of the installation. What is set holds in every process within a second."""

    def __init__(self, repository: BreakerRepository, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Read and write through `repository` on behalf of `scope`."""
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._audit = AuditLog(clock, ids)

    async def all(self) -> Breakers:
        """Every breaker that a process has told of lately, or that is set by hand, by name."""
        reports, overrides = await self._repository.reports(), await self._in_force()
        names = sorted({row.name for row in reports} | overrides.keys())
        return Breakers(items=[_shown(name, reports, overrides.get(name)) for name in names])

    async def show(self, name: str) -> BreakerShown:
        """One breaker. Raises `NotFound` where no process has told of it and nothing is set."""
        reports, overrides = await self._repository.reports(name), await self._in_force()
        if not reports and name not in overrides:
            raise NotFound(
                f"No process has a breaker {name}.", hint="`pilothouse breakers list` shows what there is."
            )
        return _shown(name, reports, overrides.get(name))

    async def override(self, name: str, wanted: NewOverride) -> BreakerShown:
        """Set a breaker by hand, or let it go. One that no process has used yet can be set beforehand.

        Raises `InvalidFields` for a time that has passed.
        """
        now, by = self._clock.now(), self._scope.principal
        if wanted.until is not None and wanted.until <= now:
            fault = Fault(where="body", name="/until", detail="has passed")
            raise InvalidFields("It would let go before it holds.", [fault])
        until = None if wanted.mode is Mode.NONE else wanted.until
        await self._repository.put(name, wanted.mode.value, wanted.reason, by, now, until)
        did = "released" if wanted.mode is Mode.NONE else wanted.mode.value
        told = None if until is None else until.isoformat()
        await self._repository.record(self._audit, self._scope, name, did, until=told)
        log.warning("breaker_set", name=name, mode=wanted.mode.value, reason=wanted.reason, by=by, until=told)
        reports, overrides = await self._repository.reports(name), await self._in_force()
        return _shown(name, reports, overrides.get(name))

    async def reset(self, name: str) -> None:
        """Have every process forget what its breaker has counted, and close it. Raises `NotFound`."""
        await self.show(name)
        await self._repository.reset(name, self._scope.principal, self._clock.now())
        await self._repository.record(self._audit, self._scope, name, "reset")
        log.info("breaker_reset", name=name, by=self._scope.principal)

    async def _in_force(self) -> dict[str, OverrideRow]:
        now = await self._repository.now()
        return {row.name: row for row in await self._repository.overrides() if in_force(row, now)}


def strictest(states: Iterable[State]) -> State:
    """The state that lets the fewest calls through; closed where there is none."""
    return min(states, key=STRICTEST.index, default=State.CLOSED)


def _shown(name: str, reports: Sequence[ReportRow], override: OverrideRow | None) -> BreakerShown:
    found = [_reported(row) for row in reports if row.name == name]
    if override is None:
        return BreakerShown(
            name=name, state=strictest(one.state for one in found), override=None, processes=found
        )
    shown = OverrideShown(
        mode=Mode(override.mode),
        reason=override.reason,
        made_by=override.made_by,
        made_at=override.made_at,
        until=override.until,
    )
    return BreakerShown(name=name, state=State(override.mode), override=shown, processes=found)


def _reported(row: ReportRow) -> Reported:
    def utc(moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(dt.UTC)

    return Reported(
        process=row.process,
        state=State(row.state),
        since=utc(row.since),
        reason=row.reason,
        calls=row.calls,
        failed=row.failed,
        slow=row.slow,
        in_a_row=row.in_a_row,
        succeeded=row.succeeded,
        errors=row.errors,
        not_permitted=row.not_permitted,
        retries=row.retries,
        reported_at=utc(row.reported_at),
    )
