"""The variables of a prompt: their types as they are written in its head, and whether values fit them.

A type is written short (`string`, `optional integer`, `list of string`, `[low, high]`) or as a mapping
(`type`, and what narrows it). Values are JSON; a date is a text in ISO 8601, and a date in the template.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from pilothouse.prompts.errors import VariableMissing, VariableUnknown, VariableWrong, meant

MOST_VALUES = 200
"""Values of an enum, and fields of an object."""
DEEPEST = 4
"""How deep lists and objects may be nested in one type."""

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Value = str | int | float | bool | dt.date | list[Any] | dict[str, Any] | None
"""What a template works with."""

_SHORT = re.compile(r"(?P<optional>optional )?(?P<kind>[a-z]+)( of (?P<items>[a-z]+))?")


class Kind(StrEnum):
    """What a variable may hold."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ENUM = "enum"
    LIST = "list"
    OBJECT = "object"


class Variable(BaseModel):
    """The type of one variable. `values` are those of an enum, `items` is what a list holds.

    An object has `fields`; without them any members. `min` and `max` bound numbers, and the length of texts
    and lists. What has a `default` is optional; what is optional and has none is empty. `untrusted` says that
    the value comes from outside: the template has to quote it wherever it puts it in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Kind = Kind.STRING
    description: Annotated[str, Field(max_length=1_000)] = ""
    values: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=200)
    ] = ()
    items: Variable | None = None
    fields: Annotated[dict[VariableName, Variable], Field(max_length=MOST_VALUES)] = {}
    min: float | None = None
    max: float | None = None
    optional: bool = False
    default: JsonValue = None
    untrusted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, given: Any) -> Any:
        if isinstance(given, str):
            return _of_text(given)
        if isinstance(given, list | tuple):
            return {"type": "enum", "values": list(given)}
        if isinstance(given, Mapping) and given.get("default") is not None:
            return {"optional": True, **given}
        return given

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.type is Kind.ENUM) != bool(self.values):
            _refuse("an enum has `values`, and nothing else has")
        if self.items is not None and self.type is not Kind.LIST:
            _refuse("only a list has `items`")
        if self.fields and self.type is not Kind.OBJECT:
            _refuse("only an object has `fields`")
        bounded = {Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.LIST}
        if (self.min is not None or self.max is not None) and self.type not in bounded:
            _refuse("`min` and `max` are for texts, numbers and lists")
        if self.min is not None and self.max is not None and self.min > self.max:
            _refuse("`min` is above `max`")
        if _depth(self) > DEEPEST:
            _refuse(f"types are nested deeper than {DEEPEST} levels")
        if self.default is not None:
            if not self.optional:
                _refuse("what has a `default` is optional")
            try:
                converted(self, self.default, "the default")
            except VariableWrong as error:
                _refuse(error.message)
        return self

    @property
    def said(self) -> str:
        """The type in short, as a message names it."""
        if self.type is Kind.ENUM:
            return f"one of {', '.join(self.values)}"
        inner = f" of {self.items.said}" if self.items is not None else ""
        return f"{self.type.value}{inner}"


def checked(name: str, known: Mapping[str, Variable], given: Mapping[str, JsonValue]) -> dict[str, Value]:
    """The values for the template of the prompt `name`: each fits its type, and defaults stand in.

    Raises `VariableMissing` that names all that are missing, `VariableUnknown` and `VariableWrong`.
    """
    for one in given:
        if one not in known:
            message = f"The prompt {name} has no variable `{one[:100]}`."
            raise VariableUnknown(message, hint=meant(one, list(known)))
    missing = [one for one, kind in known.items() if given.get(one) is None and not kind.optional]
    if missing:
        told = ", ".join(f"`{one}` ({known[one].said})" for one in missing)
        raise VariableMissing(
            f"The prompt {name} needs {told}, which {'was' if len(missing) == 1 else 'were'} not given.",
            hint="Give a value, or mark the variable as optional in the prompt's head.",
        )
    found: dict[str, Value] = {}
    for one, kind in known.items():
        value = given.get(one)
        value = kind.default if value is None else value
        found[one] = None if value is None else converted(kind, value, f"`{one}` of the prompt {name}")
    return found


def converted(kind: Variable, value: JsonValue, what: str) -> Value:
    """A value as the template gets it. Raises `VariableWrong` that names `what` it is."""
    return _CONVERTERS[kind.type](kind, value, what)


def _text(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, str):
        _wrong(kind, value, what)
    _within(kind, len(value), what, "characters")
    return value


def _integer(kind: Variable, value: JsonValue, what: str) -> Value:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong(kind, value, what)
    _within(kind, value, what)
    return value


def _number(kind: Variable, value: JsonValue, what: str) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _wrong(kind, value, what)
    _within(kind, value, what)
    return value


def _boolean(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, bool):
        _wrong(kind, value, what)
    return value


def _date(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, str):
        _wrong(kind, value, what)
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise VariableWrong(f"{what} is no date: {_shown(value)}.", hint="Write it as 2026-01-31.") from None


def _datetime(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, str):
        _wrong(kind, value, what)
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        hint = "Write it as 2026-01-31T09:30:00Z."
        raise VariableWrong(f"{what} is no moment: {_shown(value)}.", hint=hint) from None


def _enum(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, str) or value not in kind.values:
        _wrong(kind, value, what)
    return value


def _list(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, list):
        _wrong(kind, value, what)
    _within(kind, len(value), what, "items")
    if kind.items is None:
        return value
    return [converted(kind.items, item, f"item {place} of {what}") for place, item in enumerate(value, 1)]


def _object(kind: Variable, value: JsonValue, what: str) -> Value:
    if not isinstance(value, dict):
        _wrong(kind, value, what)
    if not kind.fields:
        return value
    strange = [name for name in value if name not in kind.fields]
    if strange:
        hint = meant(strange[0], list(kind.fields))
        raise VariableWrong(f"{what} has an unknown field `{strange[0][:100]}`.", hint=hint)
    found: dict[str, Value] = {}
    for name, field in kind.fields.items():
        inner = value.get(name)
        inner = field.default if inner is None else inner
        if inner is None and not field.optional:
            raise VariableWrong(f"{what} lacks the field `{name}` ({field.said}).", hint="Give it.")
        found[name] = None if inner is None else converted(field, inner, f"`{name}` in {what}")
    return found


_CONVERTERS: Mapping[Kind, Callable[[Variable, JsonValue, str], Value]] = {
    Kind.STRING: _text,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.ENUM: _enum,
    Kind.LIST: _list,
    Kind.OBJECT: _object,
}


def _of_text(text: str) -> dict[str, Any]:
    """The mapping that a short form stands for."""
    found = _SHORT.fullmatch(text.strip())
    if found is None or found["kind"] not in set(Kind):
        _refuse(f"{text[:60]!r} is no type: {', '.join(Kind)}, `list of string`, `optional string`, [a, b]")
    if found["kind"] == Kind.ENUM:
        _refuse("an enum is written as the list of its values: [low, high]")
    items = {"items": found["items"]} if found["items"] else {}
    return {"type": found["kind"], "optional": bool(found["optional"]), **items}


def _depth(kind: Variable) -> int:
    inner = [*kind.fields.values(), *([kind.items] if kind.items is not None else [])]
    return 1 + max(map(_depth, inner), default=0)


def _within(kind: Variable, size: float, what: str, of: str = "") -> None:
    unit = f" {of}" if of else ""
    if kind.min is not None and size < kind.min:
        raise VariableWrong(f"{what} is {size}{unit}, at least {kind.min:g} are asked for.")
    if kind.max is not None and size > kind.max:
        raise VariableWrong(f"{what} is {size}{unit}, at most {kind.max:g} are allowed.")


def _wrong(kind: Variable, value: JsonValue, what: str) -> NoReturn:
    raise VariableWrong(f"{what} is {kind.said}, and {_shown(value)} was given.", hint="Give what it is.")


def _shown(value: JsonValue) -> str:
    """The kind of a value, never the value: it may be confidential."""
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "nothing")


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)
