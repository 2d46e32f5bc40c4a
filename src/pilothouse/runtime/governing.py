"""What governs an action: the action as it is intended, the decision about it, and the port that decides.

`ctx.act` asks the governor before a dispatch and tells it of the outcome; what the governor wants written
goes into the same appends.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from pilothouse.kit import canonical
from pilothouse.kit.money import Money
from pilothouse.runtime.ports import Statement


class Mark(StrEnum):
    """What is known of the origin of what a branch has consumed."""

    UNTRUSTED = "untrusted"
    PERSONAL = "personal"
    INJECTION = "injection"  # a guard found what reads like an attack on a model


DOUBTFUL = frozenset({Mark.UNTRUSTED, Mark.INJECTION})
"""What closed types and `ctx.trust` clear."""


def names_of(marks: Iterable[Mark]) -> tuple[str, ...]:
    """The marks as a step's entry holds them. That a run is personal stands in its row, and is left out."""
    return tuple(sorted(mark.value for mark in marks if mark is not Mark.PERSONAL))


def marks_of(names: Iterable[str]) -> frozenset[Mark]:
    """The marks that an entry holds; one that this version does not know counts as untrusted."""
    return frozenset(Mark(name) if name in _MARKS else Mark.UNTRUSTED for name in names)


_MARKS = frozenset(mark.value for mark in Mark)


class Spent(NamedTuple):
    """What a call turned out to take; None where nothing is known but what was said before."""

    cost: Money | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Action:
    """One intended tool call, as a governor sees it. `arguments` is canonical JSON (RFC 8785).

    `agent` is the innermost agent within which it is intended, `confidence` (0 to 1) that of the answer, or
    of the reason card, that the code saw last where it intends it, `marks` what the branch has consumed.
    `cost` is what the tool says one call costs, and `tokens` how many of a model's it takes at most. `at` is
    when it is considered, `facts` (JSON) what trusted code knows then of what it is about, and `spent` what
    the call took, once it was made: none of these is a part of what it is.
    """

    run_id: UUID
    tenant_id: str
    workflow: str
    principal: str
    step: str
    tool: str
    arguments: bytes
    idempotency_key: str
    agent: str | None = None
    engagement_id: UUID | None = None
    cost: Money | None = None
    tokens: int = 0
    confidence: float | None = None
    marks: frozenset[Mark] = field(default_factory=frozenset)
    at: dt.datetime | None = field(default=None, compare=False)
    facts: bytes | None = field(default=None, compare=False, repr=False)
    spent: Spent | None = field(default=None, compare=False)

    @cached_property
    def digest(self) -> str:
        """The name of what will happen, which an approval approves: SHA-256 in hexadecimal.

        Of the RFC 8785 JSON of tenant, tool, arguments, cost, principal, run and step: the same at every
        replay, and of no other step of this run or of another one.
        """
        cost = (
            None if self.cost is None else {"amount": str(self.cost.amount), "currency": self.cost.currency}
        )
        named = {
            "arguments": canonical.exact(self.arguments),
            "cost": cost,
            "principal": self.principal,
            "run": str(self.run_id),
            "step": self.step,
            "tenant": self.tenant_id,
            "tool": self.tool,
        }
        return hashlib.sha256(canonical.rfc8785(named)).hexdigest()


class Verdict(StrEnum):
    """What is decided of an action."""

    ALLOW = "allow"
    DENY = "deny"
    APPROVAL = "require_approval"


class Requirement(BaseModel):
    """One approval that is required: by an approver of `role`, not by who started the run where it says so.

    After `expires_after` seconds it is asked of the role `escalates_to`, where that names one; in the end
    silence refuses, or approves where `on_expiry` says so.
    """

    model_config = ConfigDict(frozen=True)

    role: str
    not_requester: bool = False
    expires_after: int | None = None
    escalates_to: str | None = None
    on_expiry: Literal["refuse", "approve"] = "refuse"


class Decision(BaseModel):
    """The answer to an action, with the reasons and the ids of the policies that determined it.

    `version` names the version of the policies. `requirements` are the approvals that it takes, one a role,
    where the verdict is that. `warnings` are told beside an action that is allowed.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    version: str | None = None
    requirements: tuple[Requirement, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def allows(self) -> bool:
        """Whether it may be dispatched as it is."""
        return self.verdict is Verdict.ALLOW


class Governor(Protocol):
    """Decides on actions. What it wants written goes into the append that the decision leads to."""

    async def decide(self, action: Action) -> Decision:
        """The decision of now; asked again at dispatch where people were asked between."""
        ...

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """What to write beside the append of the dispatch (reservation, audit row) or of the denial.

        The verdict is to allow where it is dispatched, also where people approved it: `requirements` then
        says who had to.
        """
        ...

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """What to write beside the outcome (settlement, audit row); the action knows what it has `spent`."""
        ...


class AllowAll:
    """Allows every action and writes nothing: what governs where no governing domain is plugged in."""

    async def decide(self, action: Action) -> Decision:
        """Allow."""
        return Decision(verdict=Verdict.ALLOW, reasons=("No policy is active.",))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """Nothing to write."""
        return ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """Nothing to settle."""
        return ()


class Testimony(BaseModel):
    """Something that was done about governing beside an action's own decision, for the record.

    `what` is `trusted` (`ctx.trust`), or, of an approval: `asked`, `approved`, `refused`, `edited`,
    `delegated`, `escalated`, `lapsed` (nobody answered in time) or `withdrawn`. `by` is who did it ("" for
    the engine itself), `step` the key of the question or the trust, `digest` the action's or the value's.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    tenant_id: str
    run_id: UUID
    step: str
    by: str
    at: dt.datetime
    digest: str
    facts: Mapping[str, JsonValue] = {}


class Witness(Protocol):
    """Keeps the record of what people and code did about governing."""

    async def witness(self, testimony: Testimony) -> Sequence[Statement]:
        """What to write in the transaction in which it happens; an error undoes that transaction."""
        ...


class Unwitnessed:
    """Keeps no record."""

    async def witness(self, testimony: Testimony) -> Sequence[Statement]:
        """Nothing to write."""
        return ()
