"""A function known by a JSON schema, not by type hints: what tools of others are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import jsonschema
from pydantic import AfterValidator, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from pilothouse.errors import InvalidInput
from pilothouse.runtime.context import Context
from pilothouse.runtime.signature import Signature

Arguments = dict[str, JsonValue]
Described = Callable[[Context, Arguments], Awaitable[JsonValue]]

DEEPEST = 32
"""Levels of `$ref` within `$ref` that are followed; below, anything is allowed."""
MOST_FAULTS = 5


def described(
    name: str, summary: str, schema: Mapping[str, JsonValue], function: Described, result: Any = JsonValue
) -> Signature:
    """The signature of `function`, which takes what `schema` (an object's JSON schema) allows.

    Policies see the arguments typed as the schema says. `result` is the type of what it returns. Raises
    `InvalidInput` where the schema is none, or not of an object.
    """
    whole = inlined(schema)
    if whole.get("type", "object") != "object":
        raise InvalidInput(f"The arguments of {name} are no object by their schema.")
    validator = _validator(name, whole)

    def check(arguments: Arguments) -> Arguments:
        faults = sorted(validator.iter_errors(arguments), key=lambda fault: [*map(str, fault.path)])
        if faults:
            told = "; ".join(_told(fault) for fault in faults[:MOST_FAULTS])
            raise PydanticCustomError("json_schema", "{told}", {"told": told})
        return arguments

    async def call(ctx: Context, arguments: Any) -> Any:
        return await function(ctx, arguments)

    shown = {"type": "object", **whole}
    call.__name__ = call.__qualname__ = name
    call.__doc__ = summary
    call.__annotations__ = {
        "ctx": Context,
        "arguments": Annotated[Arguments, AfterValidator(check), WithJsonSchema(shown)],
        "return": result,
    }
    return Signature(call)


def inlined(schema: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema without references into itself; what refers to itself without end allows anything there.

    References to other documents are never followed: they allow anything.
    """
    found = _inlined(dict(schema), schema, 0)
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if key not in {"$defs", "definitions"}}


def _inlined(part: JsonValue, root: Mapping[str, JsonValue], depth: int) -> JsonValue:
    if isinstance(part, list):
        return [_inlined(item, root, depth) for item in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        if depth >= DEEPEST:
            return {}
        return _inlined(_target(reference, root), root, depth + 1)
    return {key: _inlined(value, root, depth) for key, value in part.items()}


def _target(reference: str, root: Mapping[str, JsonValue]) -> JsonValue:
    if not reference.startswith("#/"):
        return {}
    at: JsonValue = dict(root)
    for name in reference[2:].split("/"):
        at = at.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
    return {} if at is None else at


def _validator(name: str, schema: Mapping[str, JsonValue]) -> jsonschema.protocols.Validator:
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        raise InvalidInput(f"The arguments of {name} have no valid JSON schema: {error.message}") from error
    return kind(dict(schema))


def _told(fault: jsonschema.ValidationError) -> str:
    """What is wrong and where, without the value itself."""
    place = ".".join(map(str, fault.path)) or "arguments"
    if fault.validator == "required":
        return f"{place}: {fault.message}"
    if fault.validator == "additionalProperties":
        return f"{place}: it has members that the schema does not know"
    return f"{place}: it is not what the schema says ({fault.validator}: {str(fault.validator_value)[:80]})"
