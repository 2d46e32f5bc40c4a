"""The Cedar type of a tool's arguments, from the JSON schema that Pydantic gives for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pilothouse.policies.actions.kinds import (
    BOOL,
    CENTS,
    DECIMAL,
    JSON_TEXT,
    LONG,
    MONEY,
    STRING,
    Member,
    Record,
    SetOf,
    Type,
)

DECLARED = "policy"
"""The member of a field's `json_schema_extra` that says how policies see it; its only value is `cents`."""
VALUE = "value"
"""What the argument is called of a tool that takes no record but a single value."""

_SIMPLE: Mapping[str, Type] = {
    "integer": LONG,
    "boolean": BOOL,
    "string": STRING,
    "number": DECIMAL,
    "decimal": DECIMAL,
}
_NULL = {"type": "null"}


def arguments_type(adapter: TypeAdapter[Any], *, takes_value: bool) -> Record:
    """What policies see of the arguments that `adapter` reads.

    A tool without a value has no members; one whose value is no object has it as `value`.
    """
    if not takes_value:
        return Record({})
    try:
        schema = adapter.json_schema(by_alias=False, mode="serialization", schema_generator=_Decimals)
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError):
        return Record({VALUE: Member(JSON_TEXT)})
    found, optional = _Reading(schema.get("$defs", {})).member(schema, ())
    if isinstance(found, Record) and found is not MONEY and not optional:
        return found
    return Record({VALUE: Member(found, not optional)})


class _Decimals(GenerateJsonSchema):
    """Tells decimals from the texts that they are written as."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A type that JSON does not have: nobody but `_Reading` sees it."""
        return {"type": "decimal"}


class _Reading:
    """Reads one JSON schema with its definitions; what refers to itself is given as text."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def member(self, node: Mapping[str, Any], seen: tuple[str, ...]) -> tuple[Type, bool]:
        """The type of a schema node, and whether null is allowed beside it."""
        choices = node.get("anyOf")
        if choices is None:
            return self._type(node, seen), node.get("type") == "null"
        others = [choice for choice in choices if choice != _NULL]
        optional = len(others) < len(choices)
        kinds = [self._type(choice | _said(node), seen) for choice in others]
        same = bool(kinds) and all(kind == kinds[0] for kind in kinds)
        return (kinds[0] if same else JSON_TEXT), optional

    def _type(self, node: Mapping[str, Any], seen: tuple[str, ...]) -> Type:
        reference = node.get("$ref")
        if reference is not None:
            name = str(reference).rpartition("/")[2]
            target = self._definitions.get(name)
            if target is None or name in seen:
                return JSON_TEXT
            found, optional = self.member(target, (*seen, name))
            return JSON_TEXT if optional else found
        if "anyOf" in node:
            found, optional = self.member(node, seen)
            return JSON_TEXT if optional else found
        kind = node.get("type")  # which what has `oneOf` or `allOf` has not
        if kind == "object":
            return self._record(node, seen)
        if kind == "array":
            return self._set(node, seen)
        if kind in {"number", "integer", "decimal"} and node.get(DECLARED) == "cents":
            return CENTS
        if kind is None and all(isinstance(item, str) for item in node.get("enum", [0])):
            return STRING
        return _SIMPLE.get(str(kind), JSON_TEXT)

    def _record(self, node: Mapping[str, Any], seen: tuple[str, ...]) -> Type:
        properties = node.get("properties")
        if properties is None or node.get("additionalProperties"):
            return JSON_TEXT
        if set(properties) == {"amount", "currency"} and node.get("title") == "Money":
            return MONEY
        required = set(node.get("required", ()))
        members: dict[str, Member] = {}
        for name, inner in properties.items():
            found, optional = self.member(inner, seen)
            there = name in required or "default" in inner
            members[name] = Member(found, there and not optional, inner.get("default"))
        return Record(members)

    def _set(self, node: Mapping[str, Any], seen: tuple[str, ...]) -> Type:
        items = node.get("items")
        if not isinstance(items, dict) or "prefixItems" in node:
            return JSON_TEXT
        found, optional = self.member(items, seen)
        return JSON_TEXT if optional else SetOf(found)


def _said(node: Mapping[str, Any]) -> dict[str, Any]:
    return {DECLARED: node[DECLARED]} if DECLARED in node else {}
