"""Past decisions beside those that other policies would have made: what simulation and shadow mode tell."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pilothouse.policies.actions.testing import roles_of
from pilothouse.runtime.governing import Decision, Verdict

EXAMPLES = 20
"""Differences that are shown one by one for each kind of change."""


class Answered(BaseModel):
    """What a decision came to: its verdict, the policies that made it, and the roles that it asks."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    verdict: Verdict
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    version: str | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, decision: Decision) -> Answered:
        """What `decision` came to."""
        return cls(
            verdict=decision.verdict,
            policies=decision.policies,
            roles=roles_of(decision),
            version=decision.version,
            reasons=decision.reasons,
        )

    def differs(self, other: Answered) -> bool:
        """Whether the action would be treated otherwise; by which policies does not matter."""
        return (self.verdict, self.roles) != (other.verdict, other.roles)


class Difference(BaseModel):
    """A decision that would have been another."""

    model_config = ConfigDict(frozen=True)

    decision_id: UUID
    run_id: UUID
    step: str
    tool: str
    at: dt.datetime
    before: Answered
    after: Answered


class Change(BaseModel):
    """How often one verdict would have become another."""

    model_config = ConfigDict(frozen=True)

    before: Verdict
    after: Verdict
    count: int


class Simulation(BaseModel):
    """What a draft would have changed: how many decisions were replayed, and each that differs.

    `unreadable` could not be replayed: what they were about was erased or is damaged. `changes` counts what
    differs by verdict and `tools` by tool; `examples` are the newest of each change.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    replayed: int
    differing: int
    unreadable: int = 0
    changes: tuple[Change, ...] = ()
    tools: dict[str, int] = {}
    examples: tuple[Difference, ...] = ()


def summed(version: str, replayed: int, unreadable: int, found: Iterable[Difference]) -> Simulation:
    """The differences, counted; `found` has the newest first."""
    changes: Counter[tuple[Verdict, Verdict]] = Counter()
    tools: Counter[str] = Counter()
    examples: list[Difference] = []
    for one in found:
        change = (one.before.verdict, one.after.verdict)
        changes[change] += 1
        tools[one.tool] += 1
        if changes[change] <= EXAMPLES:
            examples.append(one)
    return Simulation(
        version=version,
        replayed=replayed,
        differing=changes.total(),
        unreadable=unreadable,
        changes=tuple(
            Change(before=before, after=after, count=count)
            for (before, after), count in changes.most_common()
        ),
        tools=dict(tools.most_common()),
        examples=tuple(examples),
    )
