"""Decides actions by Cedar policies: parsed once, and only those evaluated whose scope can match the tool.

Nothing is allowed that no policy permits. Cedar skips a policy that fails, also one that forbids, so that any
error while deciding is a denial here; so is a request that does not fit the schema.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cedarpy
import orjson
import structlog
from cedarpy import _internal

from pilothouse.policies.actions.circumstances import Circumstances, context_of, principal_of
from pilothouse.policies.actions.classes import Classes
from pilothouse.policies.actions.kinds import Record, Unfit
from pilothouse.policies.actions.rules import Rule, together
from pilothouse.policies.actions.schema import Known, Vocabulary
from pilothouse.runtime.governing import Action, Decision, Requirement, Verdict

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 4_096
"""Decisions that one set of policies remembers; those that were used least recently are made anew."""
NONE_ACTIVE = "No policy is active."
"""The reason where neither the tenant nor the tool's application has any policy."""


@dataclass(frozen=True)
class Slice:
    """The policies that can match one tool, and the part of the context that they look at."""

    tool: Known
    rules: Mapping[str, Rule] = field(repr=False)
    wanted: Record
    classes: Classes = field(repr=False)
    entities: Any = field(repr=False)
    policies: cedarpy.PolicySet = field(repr=False)
    strict: cedarpy.PolicySet | None = field(repr=False)
    """Without the policies that ask for an approval, where there are any: whether it is permitted at all."""
    action: Mapping[str, str] = field(repr=False)
    resource: Mapping[str, str] = field(repr=False)


class ActionEngine:
    """Decides actions by one set of policies of a tenant, beside those that each application ships.

    Slices are made when a tool is first asked about. Requests that its policies cannot tell apart are decided
    once. Safe for use within one event loop.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        rules: Sequence[Rule] = (),
        *,
        base: Mapping[str, Sequence[Rule]] | None = None,
        version: str | None = None,
        bases: Mapping[str, str] | None = None,
        remember: int = MOST_REMEMBERED,
    ) -> None:
        """`rules` hold for every tool, those of `base` for the tools of the application that they are of.

        `version` names the tenant's set, and `bases` that of each application. At most `remember` decisions
        are remembered.
        """
        self.vocabulary = vocabulary
        self.rules = tuple(rules)
        self.base = dict(base or {})
        self._version = version
        self._bases = dict(bases or {})
        self._remember = remember
        self._slices: dict[str, Slice] = {}
        self._remembered: OrderedDict[tuple[str, str, Any], Decision] = OrderedDict()

    def version(self, app: str | None) -> str | None:
        """What names the policies that hold for the tools of an application; None where there are none."""
        told = (self._bases.get(app or ""), self._version)
        return " ".join(filter(None, told)) or None

    def rules_for(self, app: str | None) -> tuple[Rule, ...]:
        """All policies that hold for an application's tools."""
        return (*self.base.get(app or "", ()), *self.rules)

    def decide(self, action: Action, around: Circumstances) -> Decision:
        """The decision about `action`. Raises nothing: what goes wrong is a denial that says so."""
        tool = self.vocabulary.tools.get(action.tool)
        if tool is None:
            return self._of_unknown(action)
        version = self.version(tool.app)
        if not self.rules_for(tool.app):
            return Decision(verdict=Verdict.ALLOW, reasons=(NONE_ACTIVE,))
        try:
            part = self.slice_of(tool)
            context = context_of(action, around, part.wanted)
        except (Unfit, ValueError, TypeError) as error:
            return _failed(action, (f"It does not fit the schema: {error}",), version)
        key = (action.tool, action.principal, part.classes.of(context))
        found = self._remembered.get(key)
        if found is not None:
            self._remembered.move_to_end(key)
            return found
        found = self._decide(part, action, orjson.dumps(context).decode(), version)
        self._remembered[key] = found
        if len(self._remembered) > self._remember:
            self._remembered.popitem(last=False)
        return found

    def slice_of(self, tool: Known) -> Slice:
        """The policies that can match `tool`; raises `ValueError` where they cannot be taken apart."""
        found = self._slices.get(tool.name)
        if found is None:
            found = self._slices[tool.name] = _slice(tool, self.rules_for(tool.app))
        return found

    def _of_unknown(self, action: Action) -> Decision:
        """A tool that no application has registered: denied wherever there are policies at all."""
        if not self.rules and not any(self.base.values()):
            return Decision(verdict=Verdict.ALLOW, reasons=(NONE_ACTIVE,))
        return _failed(action, (f"No application has registered a tool {action.tool}.",), self.version(None))

    def _decide(self, part: Slice, action: Action, context: str, version: str | None) -> Decision:
        request = {
            "principal": principal_of(action.principal),
            "action": part.action,
            "resource": part.resource,
            "context": context,
        }
        allowed, ids, errors = _asked(request, part.policies, part)
        if errors:
            return _failed(action, errors, version)
        rules = [part.rules[name] for name in sorted(ids)]
        reasons, names = _reasons(rules), tuple(rule.id for rule in rules)
        if allowed:
            return Decision(verdict=Verdict.ALLOW, reasons=reasons, policies=names, version=version)
        needed = [rule.requirement for rule in rules if rule.requirement is not None]
        if rules and len(needed) == len(rules) and part.strict is not None:
            permitted, by, errors = _asked(request, part.strict, part)
            if errors:
                return _failed(action, errors, version)
            if permitted:
                return Decision(
                    verdict=Verdict.APPROVAL,
                    reasons=reasons,
                    policies=names,
                    version=version,
                    requirements=merged(needed),
                )
            names, reasons = names + tuple(sorted(by)), ("No policy permits it.", *reasons)
        elif rules:
            reasons = _reasons(
                sorted(rules, key=lambda rule: rule.requirement is not None)
            )  # what denies first
        denied = reasons or ("No policy permits it.",)
        return Decision(verdict=Verdict.DENY, reasons=denied, policies=names, version=version)


def merged(needed: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """One requirement for each role: the strictest of what several policies say of it."""
    found: dict[str, Requirement] = {}
    for one in needed:
        other = found.setdefault(one.role, one)
        if other is not one:
            expiries = [each for each in (one.expires_after, other.expires_after) if each is not None]
            found[one.role] = Requirement(
                role=one.role,
                not_requester=one.not_requester or other.not_requester,
                expires_after=min(expiries, default=None),
                escalates_to=other.escalates_to or one.escalates_to,
                on_expiry="refuse" if "refuse" in {one.on_expiry, other.on_expiry} else "approve",
            )
    return tuple(found[role] for role in sorted(found))


def _slice(tool: Known, rules: Iterable[Rule]) -> Slice:
    concerned = {rule.id: rule for rule in rules if rule.concerns(tool)}
    wanted = together(rule.looks_at for rule in concerned.values())
    schema = cedarpy.Schema.from_str(tool.schema(wanted))  # which brings the groups that the action is in
    strict = {name: rule for name, rule in concerned.items() if rule.requirement is None}
    return Slice(
        tool,
        concerned,
        tool.context.narrowed(wanted),
        Classes(concerned.values()),
        cedarpy.Entities.from_json_str(tool.entities(), schema)._inner,  # noqa: SLF001 - see `_asked`
        _policies(concerned),
        _policies(strict) if len(strict) < len(concerned) else None,
        {"type": "Action", "id": tool.name},
        {"type": "Tool", "id": tool.name},
    )


def _policies(rules: Mapping[str, Rule]) -> cedarpy.PolicySet:
    """The rules, each under its own id: nothing is found by its position."""
    static = {name: rule.est for name, rule in rules.items()}
    written = {"templates": {}, "staticPolicies": static, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(written))


def _asked(
    request: dict[str, Any], policies: cedarpy.PolicySet, part: Slice
) -> tuple[bool, Sequence[str], tuple[str, ...]]:
    """Whether Cedar allows it, by which policies, and what went wrong. What raises is an error, too.

    This is what `cedarpy.is_authorized` calls, whose wrapping costs as much as the decision. The request fits
    the schema already: `context_of` has read each member as the type that the schema says.
    """
    try:
        written = _internal.is_authorized_batch([request], policies, part.entities, None, False)
    except (ValueError, TypeError) as error:
        return False, (), (str(error),)
    answer = orjson.loads(written[0])
    diagnostics = answer["diagnostics"]
    errors = tuple(diagnostics.get("errors", ()))
    if answer["decision"] not in {"Allow", "Deny"} and not errors:
        errors = (f"Cedar came to no decision ({answer['decision']}).",)
    return answer["decision"] == "Allow", diagnostics.get("reason", ()), errors


def _reasons(rules: Iterable[Rule]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.reason for rule in rules if rule.reason))


def _failed(action: Action, errors: Sequence[str], version: str | None) -> Decision:
    log.error("action_policy_failed", tool=action.tool, errors=errors, version=version)
    told = tuple(f"The policies could not decide on it: {error}" for error in errors)
    return Decision(verdict=Verdict.DENY, reasons=told, version=version)


def applying(
    engine: ActionEngine, rule: Rule, action: Action, around: Circumstances
) -> tuple[bool, str | None]:
    """Whether the conditions of one of the engine's policies hold for `action`, and what went wrong."""
    part = engine.slice_of(engine.vocabulary.tools[action.tool])
    try:
        context = orjson.dumps(context_of(action, around, part.wanted)).decode()
    except Unfit as error:
        return False, str(error)
    request = {
        "principal": principal_of(action.principal),
        "action": part.action,
        "resource": part.resource,
        "context": context,
    }
    _, reasons, errors = _asked(request, _policies({rule.id: rule}), part)
    return bool(reasons), "; ".join(errors) or None
