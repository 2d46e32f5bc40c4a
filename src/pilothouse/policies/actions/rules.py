"""Policies about actions, one by one: parsed once, each with its annotations, scope and what it looks at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import cedarpy

from pilothouse.policies.actions.schema import Known, group_of
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.runtime.governing import Requirement
from pilothouse.runtime.questions import ROLE_NAME

ANNOTATIONS = frozenset(
    {"id", "reason", "description", "approval", "not_requester", "expires", "escalate", "on_expiry"}
)
"""What may be said of a policy; a misspelt annotation would be without effect, and is refused."""
ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
LONGEST_EXPIRY = 366 * 86_400
"""Seconds that an approval may be waited for."""

_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_ROLE = re.compile(ROLE_NAME)
_OF_APPROVALS = ("not_requester", "expires", "escalate", "on_expiry")

Paths = dict[str, Any]
"""Which members of the context are looked at: a tree, whose leaves are None."""


@dataclass(frozen=True)
class Rule:
    """One policy. `est` is its syntax tree as Cedar writes it in JSON; `looks_at` None: the whole context."""

    id: str
    forbids: bool
    reason: str | None
    requirement: Requirement | None
    est: Mapping[str, Any] = field(repr=False, compare=False)
    looks_at: Paths | None = field(repr=False, compare=False)
    file: str = ""

    def concerns(self, tool: Known) -> bool:
        """Whether its scope can match an action with `tool`."""
        return _action_fits(self.est["action"], tool) and _resource_fits(self.est["resource"], tool)

    @property
    def text(self) -> str:
        """The policy in Cedar's syntax, without its comments."""
        written = {"templates": {}, "staticPolicies": {"policy0": self.est}, "templateLinks": []}
        return str(cedarpy.policies_from_json_str(json.dumps(written))).strip()


def parse(text: str, file: str = "policies") -> tuple[Rule, ...]:
    """The policies in a text of Cedar; raises `PolicyInvalid` that says everything that is wrong."""
    try:
        found = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyInvalid(found=[f"{file} cannot be read: {error}"]) from None
    if found["templates"]:
        raise PolicyInvalid(found=[f"{file} has templates, which are not linked here: write each policy out"])
    rules: list[Rule] = []
    wrong: list[str] = []
    for number, est in enumerate(found["staticPolicies"].values(), 1):
        faults = list(_faults(est, f"{file}, policy {number}"))
        wrong += faults
        if not faults:
            rules.append(_rule(est, file))
    if wrong:
        raise PolicyInvalid(found=wrong)
    insist_on_ids(rules)
    return tuple(rules)


def insist_on_ids(rules: Iterable[Rule]) -> None:
    """Raise `PolicyInvalid` where two policies have one id: a decision would not say which one made it."""
    seen: dict[str, Rule] = {}
    twice = []
    for rule in rules:
        other = seen.setdefault(rule.id, rule)
        if other is not rule:
            twice.append(f"the id {rule.id} is that of two policies ({other.file}, {rule.file})")
    if twice:
        raise PolicyInvalid(found=twice)


def _rule(est: Mapping[str, Any], file: str) -> Rule:
    said = est["annotations"]
    requirement = None
    if "approval" in said:
        requirement = Requirement(
            role=said["approval"],
            not_requester=said.get("not_requester") == "true",
            expires_after=seconds(said["expires"]) if "expires" in said else None,
            escalates_to=said.get("escalate"),
            on_expiry=said.get("on_expiry", "refuse"),
        )
    return Rule(
        said["id"], est["effect"] == "forbid", said.get("reason"), requirement, est, _looked_at(est), file
    )


def seconds(text: str) -> int | None:
    """The seconds in a duration such as 90s, 30m, 24h or 7d; None where it is none, or over 366 days."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    told = int(found[1]) * _UNITS[found[2]]
    return told if told <= LONGEST_EXPIRY else None


def _faults(est: Mapping[str, Any], where: str) -> Iterator[str]:
    said = est.get("annotations") or {}
    name = said.get("id") or ""
    if not ID.fullmatch(name):
        yield f'{where} needs an @id("...") of letters, digits, "-", "_" and "."'
    where = name or where
    unknown = sorted(set(said) - ANNOTATIONS)
    if unknown:
        yield f"{where} has the unknown annotation @{unknown[0]} (there are {', '.join(sorted(ANNOTATIONS))})"
    if "approval" not in said:
        lost = [other for other in _OF_APPROVALS if other in said]
        if lost:
            yield f"{where} says @{lost[0]}, which belongs to an @approval"
        return
    if est["effect"] != "forbid":
        yield f"{where} permits and asks for an @approval: only a forbid can ask for one"
    for annotation in ("approval", "escalate"):
        role = said.get(annotation)
        if annotation in said and (role is None or not _ROLE.fullmatch(role)):
            yield f"{where}: @{annotation} names no role (small letters, digits, - and _)"
    if said.get("not_requester", "true") not in {"true", "false"}:
        yield f'{where}: @not_requester is "true" or "false"'
    if "expires" in said and seconds(said["expires"] or "") is None:
        yield f"{where}: @expires is a duration such as 30m, 24h or 7d, up to 366 days"
    if said.get("on_expiry", "refuse") not in {"refuse", "approve"}:
        yield f'{where}: @on_expiry is "refuse" or "approve"'
    if "on_expiry" in said and "expires" not in said:
        yield f"{where} says @on_expiry, and never expires: say @expires, too"


def _action_fits(scope: Mapping[str, Any], tool: Known) -> bool:
    names = {tool.name, group_of(tool.app)}
    match scope:
        case {"op": "==", "entity": {"id": name}}:
            return bool(name == tool.name)
        case {"op": "in", "entity": {"id": name}}:
            return name in names
        case {"op": "in", "entities": list(entities)}:
            return any(entity["id"] in names for entity in entities)
        case _:
            return True


def _resource_fits(scope: Mapping[str, Any], tool: Known) -> bool:
    match scope:
        case {"op": "==", "entity": entity}:
            return bool(entity == {"type": "Tool", "id": tool.name})
        case {"op": "in", "entity": entity} | {"op": "is", "in": {"entity": entity}}:
            return entity in ({"type": "Tool", "id": tool.name}, {"type": "App", "id": tool.app})
        case _:
            return True


def _looked_at(est: Mapping[str, Any]) -> Paths | None:
    """The members of the context that a policy names; None where it looks at the context as a whole."""
    found: Paths = {}
    return found if all(_collect(item["body"], found) for item in est["conditions"]) else None


def _collect(node: Any, found: Paths) -> bool:
    """Add what `node` names of the context; whether that is all that it sees of it."""
    path = path_of(node)
    if path is not None:
        if path:
            merge(found, path)
        return bool(path)
    if isinstance(node, Mapping):
        return all(_collect(item, found) for item in node.values())
    if isinstance(node, list):
        return all(_collect(item, found) for item in node)
    return True


def path_of(node: Any) -> list[str] | None:
    """The members that an expression names, from the context inwards; None where it is another one."""
    match node:
        case {"Var": "context"}:
            return []
        case {".": {"left": left, "attr": str(name)}} | {"has": {"left": left, "attr": str(name)}}:
            inner = path_of(left)
            return None if inner is None else [*inner, name]
        case _:
            return None


def merge(found: Paths, path: list[str]) -> None:
    """Add a path to a tree of them; where all of a member is wanted nothing narrows it."""
    first, *rest = path
    if not rest or (first in found and found[first] is None):
        found[first] = None
        return
    merge(found.setdefault(first, {}), rest)


def together(several: Iterable[Paths | None]) -> Paths | None:
    """What several policies look at, all in one; None where one of them looks at everything."""
    found: Paths = {}
    for paths in several:
        if paths is None:
            return None
        for path in _paths_of(paths):
            merge(found, path)
    return found


def _paths_of(paths: Paths) -> Iterator[list[str]]:
    for name, inner in paths.items():
        if inner is None:
            yield [name]
        else:
            yield from ([name, *rest] for rest in _paths_of(inner))
