"""An action as people and recorded decisions write it: what tests, `explain` and replays begin with."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pilothouse.kit import canonical
from pilothouse.kit.moments import Moment
from pilothouse.kit.money import Money
from pilothouse.policies.actions.circumstances import Circumstances
from pilothouse.runtime.governing import Action, Mark

_NOBODY = UUID(int=0)
NOON = dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC)
"""When an action takes place that does not say when: a Wednesday."""

AttributeValue = str | bool | int


class GivenAction(BaseModel):
    """An action to decide on. What is left out is not known of it; `at` is a Wednesday at noon, UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: Annotated[str, Field(max_length=100)]
    arguments: JsonValue = Field(default_factory=dict)
    principal: Annotated[str, Field(max_length=500, examples=["person:anna"])] = "person:anna"
    workflow: Annotated[str, Field(max_length=100)] = "workflow"
    agent: Annotated[str, Field(max_length=100)] | None = None
    engagement: UUID | None = None
    cost: Money | None = None
    confidence: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None
    marks: Annotated[tuple[Mark, ...], Field(max_length=10)] = ()
    at: Moment = NOON
    facts: JsonValue = None
    environment: Annotated[str, Field(max_length=100)] = "production"
    attributes: Annotated[dict[str, AttributeValue], Field(max_length=50)] = Field(default_factory=dict)

    def action(self, tenant_id: str, run_id: UUID = _NOBODY, step: str = "") -> Action:
        """The action, as `ctx.act` would have intended it."""
        return Action(
            *(run_id, tenant_id, self.workflow, self.principal, step, self.tool),
            arguments=canonical.to_json(self.arguments),
            idempotency_key="",
            agent=self.agent,
            engagement_id=self.engagement,
            cost=self.cost,
            confidence=self.confidence,
            marks=frozenset(self.marks),
            at=self.at,
            facts=None if self.facts is None else canonical.to_json(self.facts),
        )

    def circumstances(self) -> Circumstances:
        """What is known around it."""
        return Circumstances.of(self.environment, self.attributes)


def written(action: Action, around: Circumstances) -> bytes:
    """An action with what is around it as canonical JSON, from which `read` makes both again."""
    given = {
        "tool": action.tool,
        "arguments": canonical.from_json(action.arguments),
        "principal": action.principal,
        "workflow": action.workflow,
        "agent": action.agent,
        "engagement": None if action.engagement_id is None else str(action.engagement_id),
        "cost": None
        if action.cost is None
        else {"amount": str(action.cost.amount), "currency": action.cost.currency},
        "confidence": action.confidence,
        "marks": sorted(action.marks),
        "at": None if action.at is None else action.at.isoformat(),
        "facts": None if action.facts is None else canonical.from_json(action.facts),
        "around": {
            "environment": around.environment,
            "attributes": list(around.attributes),
            "time_zone": around.time_zone,
        },
    }
    return canonical.to_json(given)


def read(data: bytes, tenant_id: str, run_id: UUID, step: str) -> tuple[Action, Circumstances]:
    """The action and what is around it, as `written` has them; raises `ValueError` where that is damaged."""
    given = canonical.from_json(data)
    told = given.pop("around")
    action = GivenAction.model_validate({name: value for name, value in given.items() if value is not None})
    around = Circumstances(told["environment"], tuple(told["attributes"]), told["time_zone"])
    return action.action(tenant_id, run_id, step), around
