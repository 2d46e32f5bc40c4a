"""The switchboard of a process: what is killed, what is on, and where agents stand, as it was read last.

It is read when a notification says so, and at least every half second, so that a lost notification costs no
more than that. While the database is away it goes by what it knows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import Clock
from pilothouse.kit.looking import Looking
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.governing import Action, Decision, Verdict
from pilothouse.runtime.listener import SWITCHES, Listener
from pilothouse.switches.degrading import Degrading, Rules
from pilothouse.switches.flags import FlagSet
from pilothouse.switches.repository import SwitchState
from pilothouse.switches.repository.state import Agent, InForce
from pilothouse.switches.schemas import Killable

log = structlog.get_logger(__name__)

EVERY = 0.5
"""Seconds between two looks, at most."""


class Switchboard:
    """What every process goes by: the `Switches` of runs. Use it within one event loop."""

    def __init__(
        self,
        conninfo: str,
        clock: Clock,
        *,
        prepare: bool = True,
        every: float = EVERY,
        rules: Rules | None = None,
    ) -> None:
        """Read on a connection of its own; nothing is killed, and no flag on, before `open`."""
        self._lane = Lane(conninfo, purpose="switches", prepare=prepare)
        self._state = SwitchState(self._lane)
        self._clock = clock
        self._rules = rules or Rules()
        self._kills: Sequence[InForce] = ()
        self._standing: dict[Agent, Degrading] = {}
        self._moved: set[Agent] = set()
        self._told: list[Callable[[], None]] = []
        self._looking = Looking(self._look_again, every)
        self._off: Callable[[], None] | None = None
        self._flags = FlagSet({})

    @property
    def lane(self) -> Lane:
        """The connection, for what else every process reads often and in a moment. It is closed with this."""
        return self._lane

    async def open(self, listener: Listener | None = None) -> None:
        """Read what there is, and go on reading. Raises `DatabaseUnavailable`."""
        if listener is not None:
            self._off = listener.on(SWITCHES, lambda _: self._looking.ask())
        await self.look()
        self._looking.start()

    async def close(self) -> None:
        """Read no more, and tell others where agents stand."""
        if self._off is not None:
            self._off()
        await self._looking.stop()
        await self._lane.close()

    async def look(self) -> None:
        """Read everything now, and tell those who asked to be told. Raises `DatabaseUnavailable`."""
        moved, self._moved = self._moved, set()
        try:
            if moved:
                await self._state.stand([(agent, self._standing[agent].standing) for agent in moved])
            kills, settings = await self._state.kills(), await self._state.flags()
            for agent, standing in (await self._state.standings()).items():
                self._standing.setdefault(agent, Degrading(self._rules)).adopt(standing)
        except DatabaseUnavailable:
            self._moved |= moved
            raise
        self._flags = FlagSet(settings)
        changed = [kill[:6] for kill in kills] != [kill[:6] for kill in self._kills]
        self._kills = kills
        if changed:
            self._tell()

    async def judge(self, action: Action) -> Decision | None:
        """The denial of an action on whose path something is killed; None where nothing is."""
        why = self.holds(action.tenant_id, action.workflow) or self.stops(
            action.tenant_id, Killable.TOOL, action.tool
        )
        if why is None and action.agent is not None:
            why = self.stops(action.tenant_id, Killable.AGENT, action.agent)
        if why is None:
            return None
        return Decision(verdict=Verdict.DENY, reasons=(why,), policies=("switch",))

    def holds(self, tenant_id: str, workflow: str) -> str | None:
        """Why no run of a workflow is executed for a tenant; None where they are."""
        return self._why(
            tenant_id, {(Killable.EVERYTHING, ""), (Killable.TENANT, ""), (Killable.WORKFLOW, workflow)}
        )

    def stops(self, tenant_id: str, kind: str, name: str) -> str | None:
        """Why an agent, a tool or a model provider is not used for a tenant; None where it is."""
        return self._why(tenant_id, {(kind, name)})

    def on_change(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call `told` whenever something was killed or let go; returns what ends that."""
        self._told.append(told)
        return lambda: self._told.remove(told)

    def on(self, name: str, tenant_id: str, subject: str = "") -> bool:
        """Whether a feature flag is on for a subject of a tenant: see `FlagSet.on`."""
        return self._flags.on(name, tenant_id, subject)

    def first(self, tenant_id: str, agent: str) -> int:
        """The rung that a call of an agent begins with, counted from 0."""
        known = self._standing.get((tenant_id, agent))
        return 0 if known is None else known.first(self._clock.now())

    def tried(self, tenant_id: str, agent: str, rung: int, *, failed: bool, rungs: int) -> None:
        """A rung of an agent was tried. Others are told within half a second where it changes something."""
        key = (tenant_id, agent)
        if key not in self._standing and not failed:
            return
        known = self._standing.setdefault(key, Degrading(self._rules))
        if known.tried(self._clock.now(), rung, failed=failed, rungs=rungs):
            self._moved.add(key)
            log.warning("agent_moved", agent=agent, tenant_id=tenant_id, level=known.standing.level)

    def _why(self, tenant_id: str, wanted: set[tuple[str, str]]) -> str | None:
        now: dt.datetime | None = None
        for kill in self._kills:
            if kill.tenant_id not in {"", tenant_id} or (kill.kind, kill.name) not in wanted:
                continue
            now = now or self._clock.now()
            if kill.until is None or now < kill.until:
                return _sentence(kill)
        return None

    def _tell(self) -> None:
        for told in list(self._told):
            told()

    async def _look_again(self) -> None:
        try:
            await self.look()
        except DatabaseUnavailable as error:
            log.warning("switches_not_read", reason=str(error))


def _sentence(kill: InForce) -> str:
    named = {Killable.EVERYTHING.value: "Everything", Killable.TENANT.value: f"The tenant {kill.tenant_id}"}
    what = named.get(kill.kind) or f"The {kill.kind} {kill.name}"
    until = f" until {kill.until:%Y-%m-%d %H:%M} UTC" if kill.until is not None else ""
    return f"{what} was killed by {kill.made_by}{until}: {kill.why}"
