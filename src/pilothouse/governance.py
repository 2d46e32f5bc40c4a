"""What governs actions, composed: switches, policies, budgets and the audit log as one governor of `ctx.act`.

What is killed is denied, then the policies decide, then the budgets. What each of them wants written goes
into the append that the decision leads to, and so does the audit log's entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from pydantic import JsonValue

from pilothouse.audit.schemas import Kind
from pilothouse.audit.service import entry, fingerprint
from pilothouse.budgets.service import Budgets
from pilothouse.kit.clock import ServerClock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.versions.live import LivePolicies
from pilothouse.policies.versions.recording import ActionPolicies
from pilothouse.runtime.governing import Action, Decision, Requirement, Testimony, Verdict
from pilothouse.runtime.listener import POLICIES, Listener
from pilothouse.runtime.ports import Statement
from pilothouse.settings import Settings
from pilothouse.switches.service import Switchboard

WRITTEN, LONGEST = frozenset({"reason", "note"}), 100
"""Facts of testimonies that people write in their own words, and characters that another may have."""

TRUSTED = "trusted"
"""What a testimony of `ctx.trust` says was done."""


class Governance:
    """The governor and the witness of a process, with its switches. Use it within one event loop."""

    def __init__(
        self,
        conninfo: str,
        database: Database,
        shipped: Shipped,
        sealer: Sealer,
        settings: Settings,
        *,
        personal: Collection[str] = (),
    ) -> None:
        """Govern the tools that are `shipped`, by what tenants have set; nothing is read before `open`.

        Policies are read through `database`; budgets and switches have connections of their own. What is
        decided of the `personal` workflows is sealed.
        """
        self._clock, self._ids = SystemClock(), Ids()
        self.clock = ServerClock()
        self.switches = Switchboard(conninfo, self.clock, prepare=settings.prepares)
        self._live = LivePolicies(database, shipped, environment=settings.environment)
        self._policies = ActionPolicies(
            self._live,
            sealer,
            self._clock,
            self._ids,
            is_personal=lambda name: settings.vault_everything or name in personal,
        )
        self._budgets = Budgets(conninfo, self._clock, prepare=settings.prepares)

    async def open(self, listener: Listener) -> None:
        """Read the switches, and hear of every change. Raises `DatabaseUnavailable`."""
        listener.on(POLICIES, self._live.changed)
        await self.switches.open(listener)

    async def close(self) -> None:
        """Close what is open."""
        await self._budgets.close()
        await self.switches.close()

    async def decide(self, action: Action) -> Decision:
        """The decision of now: the strictest of the three, with the reasons of those that determined it."""
        killed = await self.switches.judge(action)
        if killed is not None:
            return killed
        decision = await self._policies.decide(action)
        if decision.verdict is Verdict.DENY:
            return decision
        return both(decision, await self._budgets.judge(action))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """The policies' own answer, the reservation or the alert, and the entry of the audit log."""
        answered = await self._policies.record(action, await self._policies.decide(action))
        if decision.allows:
            granted = {requirement.role for requirement in decision.requirements}
            held = await self._budgets.reserve(action, granted=granted)
        else:
            held = await self._budgets.denied(action, decision)
        kind, append = (Kind.DISPATCH, "dispatch") if decision.allows else (Kind.DECISION, "outcome")
        told: dict[str, JsonValue] = {
            "verdict": decision.verdict.value,
            "policies": list(decision.policies),
            "version": decision.version,
            "approved_by_roles": [requirement.role for requirement in decision.requirements],
        }
        return [*answered, *held, self._entry(action, kind, append, told)]

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """What was spent, and the entry of the audit log."""
        settled = await self._budgets.settle(action, succeeded=succeeded)
        told: dict[str, JsonValue] = {"succeeded": succeeded}
        if action.spent is not None:
            cost = action.spent.cost
            told["spent"] = None if cost is None else f"{cost.amount} {cost.currency}"
            told["tokens"] = action.spent.tokens
        return [*settled, self._entry(action, Kind.OUTCOME, "outcome", told)]

    async def witness(self, testimony: Testimony) -> Sequence[Statement]:
        """The entry of the audit log about an approval, or about what code has declared to be trusted."""
        kind = Kind.TRUST if testimony.what == TRUSTED else Kind.APPROVAL
        facts = {name: _told(name, value) for name, value in testimony.facts.items()}
        return [
            entry(
                self._ids.new(),
                testimony.tenant_id,
                testimony.at,
                kind,
                testimony.by or "engine",
                testimony.step,
                run_id=testimony.run_id,
                step=testimony.step,
                details={"did": testimony.what, "digest": testimony.digest, **facts},
            )
        ]

    def _entry(self, action: Action, kind: Kind, append: str, details: Mapping[str, JsonValue]) -> Statement:
        cost = None if action.cost is None else str(action.cost)
        named: dict[str, JsonValue] = {
            "arguments": fingerprint(action.arguments),
            "action": action.digest,
            "workflow": action.workflow,
            "agent": action.agent,
            "cost": cost,
            "marks": [*sorted(mark.value for mark in action.marks)],
        }
        return entry(
            self._ids.new(),
            action.tenant_id,
            self._at(action),
            kind,
            action.principal,
            action.tool,
            run_id=action.run_id,
            step=action.step,
            append=append,
            details={**named, **details},
        )

    def _at(self, action: Action) -> dt.datetime:
        return action.at or self._clock.now()


def both(one: Decision, other: Decision) -> Decision:
    """The stricter of two decisions; where both ask for approvals, all of them are required.

    Of two requirements of one role the first decision's holds. The version is the first decision's.
    """
    if Verdict.DENY in {one.verdict, other.verdict}:
        denying = [each for each in (one, other) if each.verdict is Verdict.DENY]
        return _joined(one, denying, Verdict.DENY, ())
    asking = [each for each in (one, other) if each.verdict is Verdict.APPROVAL]
    if not asking:
        return _joined(one, [one, other], Verdict.ALLOW, ())
    by_role: dict[str, Requirement] = {}
    for each in asking:
        for requirement in each.requirements:
            by_role.setdefault(requirement.role, requirement)
    found = _joined(one, asking, Verdict.APPROVAL, tuple(by_role.values()))
    return found.model_copy(update={"warnings": (*one.warnings, *other.warnings)})


def _joined(
    one: Decision, determining: Sequence[Decision], verdict: Verdict, requirements: tuple[Requirement, ...]
) -> Decision:
    return Decision(
        verdict=verdict,
        reasons=tuple(reason for each in determining for reason in each.reasons),
        policies=tuple(name for each in determining for name in each.policies),
        version=one.version,
        requirements=requirements,
        warnings=tuple(warning for each in determining for warning in each.warnings),
    )


def _told(name: str, value: JsonValue) -> JsonValue:
    """What an entry may say of a fact: what people have written, or is long, is named by its digest."""
    if isinstance(value, str) and (name in WRITTEN or len(value) > LONGEST):
        return fingerprint(value.encode())
    return value
