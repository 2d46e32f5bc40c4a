"""The vocabulary of policies: a Cedar schema generated from the registered tools.

Each tool is an action of its own, so that its arguments are typed, and stands in the group of its application
(`app:support`); the resource is the tool as an entity, in its application.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cedarpy

from pilothouse.errors import SettingsInvalid
from pilothouse.kit import canonical
from pilothouse.policies.actions.arguments import arguments_type
from pilothouse.policies.actions.kinds import (
    LONG,
    MONEY,
    STRING,
    Member,
    Record,
    SetOf,
    Wanted,
    notes,
)
from pilothouse.runtime.ports import Actor

PRINCIPALS = ("Person", "Key", "Agent", "Service", "Local")
"""Who acts, by the kind of credential: an entity of one of these types."""

LOCAL = Record(
    {
        "hour": Member(LONG),
        "minute": Member(LONG),
        "weekday": Member(STRING),
        "date": Member(STRING),
        "zone": Member(STRING),
    }
)
"""The moment in the tenant's time zone: hour 0 to 23, minute, weekday in English, date as 2026-01-31."""

COMMON: Mapping[str, Member] = {
    "cost": Member(MONEY, required=False),
    "confidence_per_mille": Member(LONG, required=False),
    "time": Member(LONG),
    "local": Member(LOCAL),
    "environment": Member(STRING),
    "tenant": Member(STRING),
    "tenant_attributes": Member(SetOf(STRING)),
    "marks": Member(SetOf(STRING)),
    "workflow": Member(STRING),
    "agent": Member(STRING, required=False),
    "requester": Member(STRING),
    "engagement": Member(STRING, required=False),
}
"""What is known of every action beside its arguments."""


@dataclass(frozen=True)
class Known:
    """A tool as policies see it."""

    name: str
    app: str
    idempotent: bool
    arguments: Record
    summary: str = ""
    facts: Record | None = None

    @property
    def context(self) -> Record:
        """All that is known of one of its actions."""
        own = {"arguments": Member(self.arguments)}
        if self.facts is not None:
            own["facts"] = Member(self.facts)
        return Record({**own, **COMMON})

    def entities(self) -> str:
        """The tool and its application, as Cedar's JSON has entities."""
        app = {"type": "App", "id": self.app}
        tool = {"type": "Tool", "id": self.name}
        described = [
            {"uid": tool, "attrs": {"idempotent": self.idempotent}, "parents": [app]},
            {"uid": app, "attrs": {}, "parents": []},
        ]
        return canonical.to_json(described).decode()

    def schema(self, wanted: Wanted | None = None) -> str:
        """The schema of this tool alone, with what is `wanted` of its context (None: all)."""
        return "\n".join((_ENTITIES, *_declared(self, self.context.narrowed(wanted))))


_ENTITIES = f"entity {', '.join(PRINCIPALS)};\nentity App;\nentity Tool in [App] {{ idempotent: Bool }};"


def group_of(app: str) -> str:
    """The action group of all tools of an application; no tool can be named so."""
    return f"app:{app}"


def _declared(tool: Known, context: Record) -> Iterator[str]:
    name, group = (canonical.to_json(text).decode() for text in (tool.name, group_of(tool.app)))
    yield f"action {group};"
    yield (
        f"action {name} in [{group}] appliesTo {{ principal: [{', '.join(PRINCIPALS)}], resource: Tool, "
        f"context: {context.cedar()} }};"
    )


class Vocabulary:
    """The tools that policies may speak of, and the schema that they are validated against."""

    def __init__(self, tools: Iterable[Known]) -> None:
        """Know `tools`; raises `SettingsInvalid` where two that differ have one name."""
        self.tools: dict[str, Known] = {}
        for tool in tools:
            if self.tools.setdefault(tool.name, tool) != tool:
                raise SettingsInvalid(
                    f"Two applications have a tool {tool.name}: {self.tools[tool.name].app} and {tool.app}.",
                    hint="Name them apart: policies know a tool by its name.",
                )
        self._schema: cedarpy.Schema | None = None

    @property
    def cedar(self) -> str:
        """The whole schema, in Cedar's syntax."""
        lines = [_ENTITIES]
        groups: set[str] = set()
        for tool in self.tools.values():
            group, action = _declared(tool, tool.context)
            if group not in groups:
                groups.add(group)
                lines.append(group)
            lines.append(action)
        return "\n".join(lines) + "\n"

    @property
    def schema(self) -> cedarpy.Schema:
        """The whole schema, parsed when it is first needed."""
        if self._schema is None:
            self._schema = cedarpy.Schema.from_str(self.cedar)
        return self._schema

    def notes(self) -> list[str]:
        """What of the arguments is not seen as it is: decimals, cents and what is given as text."""
        return [
            note
            for tool in self.tools.values()
            for what, record in (("arguments", tool.arguments), ("facts", tool.facts or Record({})))
            for note in notes(record, f"{tool.name}: {what}")
        ]


def known(app: str, tool: Actor[Any, Any]) -> Known:
    """A tool of an application, as policies see it."""
    signature = tool.signature
    arguments = arguments_type(signature.input, takes_value=signature.takes_value)
    summary = (signature.function.__doc__ or "").strip().partition("\n")[0]
    facts = None if tool.facts_type is None else arguments_type(tool.facts_type, takes_value=True)
    return Known(tool.name, app, tool.idempotent, arguments, summary, facts)
