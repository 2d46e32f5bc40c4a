"""Decides actions by the Cedar policies of a folder, against a schema made of the tools' own types.

It calls cedarpy directly, in as few lines as that takes, and so is a second way to the same decisions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cedarpy
from pydantic import BaseModel, TypeAdapter

from pilothouse import Tool

PRINCIPALS = "Person, Key, Agent, Service, Local"
SIMPLE = {"string": "String", "integer": "Long", "boolean": "Bool"}
MONEY = '{"amount_cents": Long, "currency": String}'


@dataclass(frozen=True)
class Decided:
    """What was decided: allow, deny or require_approval, by which policies, and what went wrong."""

    verdict: str
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class ActionPolicies:
    """The policies of a folder over some tools."""

    def __init__(
        self, folder: Path, tools: Sequence[Tool[Any, Any]], facts: type[BaseModel], app: str
    ) -> None:
        """Read and validate the policies; raises `ValueError` where they do not fit the tools' schema."""
        text = "\n".join(file.read_text() for file in sorted(folder.glob("*.cedar")))
        self._app = app
        self.schema_text = schema_of(tools, facts, app)
        self._schema = cedarpy.Schema.from_str(self.schema_text)
        checked = cedarpy.validate_policies(text, self._schema)
        if not checked:
            raise ValueError("; ".join(str(error) for error in checked.errors))
        found = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
        self.rules = {rule["annotations"]["id"]: rule for rule in found}
        if len(self.rules) < len(found):
            raise ValueError("two policies have one id")
        self.roles = {
            name: rule["annotations"]["approval"]
            for name, rule in self.rules.items()
            if "approval" in rule["annotations"]
        }
        self._all = _policy_set(self.rules)
        self._strict = _policy_set(
            {name: rule for name, rule in self.rules.items() if name not in self.roles}
        )
        self._entities = {tool.name: self._described(tool) for tool in tools}

    def decide(
        self, tool: str, arguments: Mapping[str, Any], facts: Mapping[str, Any], marks: Iterable[str] = ()
    ) -> Decided:
        """The decision; `arguments` and `facts` as Cedar has them. What goes wrong is a denial."""
        context = {"arguments": arguments, "facts": facts, "marks": sorted(marks)}
        allowed, policies, errors = self._asked(self._all, tool, context)
        if errors:
            return Decided("deny", errors=errors)
        if allowed:
            return Decided("allow", policies)
        if policies and all(name in self.roles for name in policies):
            permitted, _, errors = self._asked(self._strict, tool, context)
            if permitted and not errors:
                return Decided(
                    "require_approval", policies, tuple(sorted({self.roles[name] for name in policies}))
                )
        return Decided("deny", policies, errors=errors)

    def _asked(
        self, policies: cedarpy.PolicySet, tool: str, context: Mapping[str, Any]
    ) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
        request = {
            "principal": {"type": "Local", "id": "local"},
            "action": {"type": "Action", "id": tool},
            "resource": {"type": "Tool", "id": tool},
            "context": context,
        }
        try:
            answer = cedarpy.is_authorized(request, policies, self._entities[tool], self._schema)
        except (ValueError, TypeError, KeyError) as error:
            return False, (), (f"{type(error).__name__}: {error}",)
        errors = tuple(answer.diagnostics.errors)
        if answer.decision not in {cedarpy.Decision.Allow, cedarpy.Decision.Deny} and not errors:
            errors = ("Cedar came to no decision.",)
        return answer.decision is cedarpy.Decision.Allow, tuple(sorted(answer.diagnostics.reasons)), errors

    def _described(self, tool: Tool[Any, Any]) -> str:
        app = {"type": "App", "id": self._app}
        uid = {"type": "Tool", "id": tool.name}
        return json.dumps(
            [
                {"uid": uid, "attrs": {"idempotent": tool.idempotent}, "parents": [app]},
                {"uid": app, "attrs": {}, "parents": []},
            ]
        )


def _policy_set(rules: Mapping[str, Any]) -> cedarpy.PolicySet:
    written = {"templates": {}, "staticPolicies": dict(rules), "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(written))


def schema_of(tools: Iterable[Tool[Any, Any]], facts: type[BaseModel], app: str) -> str:
    """The Cedar schema of some tools, each with its typed arguments and the facts."""
    lines = [
        f"entity {PRINCIPALS};",
        "entity App;",
        "entity Tool in [App] { idempotent: Bool };",
        f'action "app:{app}";',
    ]
    known = type_of(TypeAdapter(facts).json_schema())
    for tool in tools:
        adapter = tool.signature.input
        arguments = type_of(adapter.json_schema()) if tool.signature.takes_value else "{}"
        lines.append(
            f'action "{tool.name}" in ["app:{app}"] appliesTo {{ principal: [{PRINCIPALS}], resource: Tool, '
            f"context: {{arguments: {arguments}, facts: {known}, marks: Set<String>}} }};"
        )
    return "\n".join(lines)


def type_of(schema: Mapping[str, Any]) -> str:
    """The Cedar type of what a JSON schema describes."""
    return _type(schema, schema.get("$defs", {}))


def _type(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in node:
        return _type(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in node:
        (only,) = [one for one in node["anyOf"] if one != {"type": "null"}]
        return _type(only, definitions)
    match node["type"]:
        case "object" if node.get("title") == "Money":
            return MONEY
        case "object":
            required = node.get("required", ())
            members = (
                f'"{name}"{"" if _is_there(name, inner, required) else "?"}: {_type(inner, definitions)}'
                for name, inner in node["properties"].items()
            )
            return f"{{{', '.join(members)}}}"
        case "array":
            return f"Set<{_type(node['items'], definitions)}>"
        case simple:
            return SIMPLE[simple]


def _is_there(name: str, inner: Mapping[str, Any], required: Sequence[str]) -> bool:
    return (name in required or "default" in inner) and {"type": "null"} not in inner.get("anyOf", ())


def as_cedar(value: BaseModel | None) -> dict[str, Any]:
    """A model as Cedar has it: without null, and with money as integer cents."""
    return {} if value is None else _without_null(value.model_dump(mode="json"))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"amount", "currency"}:
            from pilothouse import Money

            return {"amount_cents": Money(**value).cents, "currency": value["currency"]}
        return {name: _without_null(inner) for name, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value
