"""Which policies applied to an action and why, as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from pilothouse.policies.actions.circumstances import Circumstances, context_of
from pilothouse.policies.actions.engine import ActionEngine, applying
from pilothouse.policies.actions.kinds import Unfit
from pilothouse.policies.actions.rules import Rule
from pilothouse.runtime.governing import Action, Decision, Requirement, Verdict

_VERDICTS = {
    Verdict.ALLOW: "allowed",
    Verdict.DENY: "denied",
    Verdict.APPROVAL: "to be approved",
}


class Applied(BaseModel):
    """A policy that could match the tool, and whether it applied; `failure`: it could not be evaluated."""

    model_config = ConfigDict(frozen=True)

    id: str
    file: str
    effect: str
    applied: bool
    determining: bool
    reason: str | None
    approval: str | None
    failure: str | None
    text: str


class Explanation(BaseModel):
    """The decision about an action with each policy that could have mattered, and what they looked at."""

    model_config = ConfigDict(frozen=True)

    tool: str
    decision: Decision
    policies: tuple[Applied, ...]
    others: int
    context: dict[str, Any]

    def lines(self) -> Iterator[str]:
        """The explanation as text, a line at a time."""
        yield f"{self.tool} is {_VERDICTS[self.decision.verdict]}."
        yield from (f"  {reason}" for reason in self.decision.reasons)
        yield from (f"  It takes {_required(one)}." for one in self.decision.requirements)
        if self.decision.version:
            yield f"By {self.decision.version}."
        for told, wanted in (("Applied", True), ("Did not apply", False)):
            found = [one for one in self.policies if one.applied is wanted]
            if found:
                yield f"{told}:"
                yield from (f"  {_line(one)}" for one in found)
        if self.others:
            yield f"{self.others} further policies cannot match this tool."
        if self.context:
            yield "They looked at:"
            yield from (
                f"  {name}: {orjson.dumps(self.context[name]).decode()}" for name in sorted(self.context)
            )


def explain(engine: ActionEngine, action: Action, around: Circumstances) -> Explanation:
    """Why `engine` decides about `action` as it does. Raises nothing."""
    decision = engine.decide(action, around)
    tool = engine.vocabulary.tools.get(action.tool)
    if tool is None or not engine.rules_for(tool.app):
        return Explanation(tool=action.tool, decision=decision, policies=(), others=0, context={})
    rules, part = engine.rules_for(tool.app), engine.slice_of(tool)
    try:
        context = context_of(action, around, part.wanted)
    except Unfit:  # which the decision says already
        context = {}
    shown = tuple(_applied(engine, rule, action, around, decision) for rule in part.rules.values())
    return Explanation(
        tool=action.tool,
        decision=decision,
        policies=shown,
        others=len(rules) - len(shown),
        context=context,
    )


def _applied(
    engine: ActionEngine, rule: Rule, action: Action, around: Circumstances, decision: Decision
) -> Applied:
    applied, failure = applying(engine, rule, action, around)
    return Applied(
        id=rule.id,
        file=rule.file,
        effect="forbid" if rule.forbids else "permit",
        applied=applied,
        determining=rule.id in decision.policies,
        reason=rule.reason,
        approval=rule.requirement.role if rule.requirement else None,
        failure=failure,
        text=rule.text,
    )


def _line(one: Applied) -> str:
    asks = f", unless {one.approval} approves" if one.approval else ""
    why = f": {one.reason}" if one.reason else ""
    failed = f" (it failed: {one.failure})" if one.failure else ""
    return f"{one.id} ({one.file}) {one.effect}s it{asks}{why}{failed}"


def _required(one: Requirement) -> str:
    other = ", other than who started the run" if one.not_requester else ""
    until = f", within {one.expires_after} seconds" if one.expires_after else ""
    then = f", then asked of {one.escalates_to}" if one.escalates_to else ""
    return f"the approval of {one.role}{other}{until}{then}"
