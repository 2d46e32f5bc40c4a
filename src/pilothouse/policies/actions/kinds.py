"""The types of Cedar that arguments have, and how a JSON value becomes one of each.

Cedar has 64-bit integers, texts, booleans, sets, records and decimals with four places; it has no null, no
floating point and no dictionary with free keys. What has no type of its own there is given as its JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pilothouse.kit import canonical

LEAST, MOST = -(2**63), 2**63 - 1
"""The integers that Cedar knows."""
_PLACES = Decimal("0.0001")
_HUNDRED = Decimal(100)

Wanted = Mapping[str, "Wanted | None"]
"""Which members of a record are wanted: each with what is wanted of it, None for all of it."""


class Unfit(ValueError):
    """A value has not the type that the schema says; it names the place."""


@dataclass(frozen=True)
class Kind:
    """A type: how Cedar's schema calls it, how a value is read, and what is to be known of it."""

    name: str
    read: Callable[[Any], Any] = field(repr=False, compare=False)
    note: str = ""

    def cedar(self) -> str:
        """The type in Cedar's schema syntax."""
        return self.name


@dataclass(frozen=True)
class SetOf:
    """A set: the order of a list and its repetitions are lost."""

    item: Type

    def cedar(self) -> str:
        """The type in Cedar's schema syntax."""
        return f"Set<{self.item.cedar()}>"

    def read(self, value: Any) -> Any:
        """The value as Cedar's JSON has it; raises `Unfit`."""
        if not isinstance(value, list):
            raise Unfit(f"is no list but {type(value).__name__}")
        read = self.item.read
        return [read(item) for item in value]


@dataclass(frozen=True)
class Member:
    """A member of a record: its type, whether it is always there, and what it is where nothing is said."""

    type: Type
    required: bool = True
    default: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Record:
    """A record with named members."""

    members: Mapping[str, Member]

    def cedar(self) -> str:
        """The type in Cedar's schema syntax."""
        inside = ", ".join(
            f"{canonical.to_json(name).decode()}{'' if one.required else '?'}: {one.type.cedar()}"
            for name, one in self.members.items()
        )
        return f"{{{inside}}}"

    def read(self, value: Any) -> dict[str, Any]:
        """The value as Cedar's JSON has it, null where nothing is left out; raises `Unfit`."""
        if not isinstance(value, dict):
            raise Unfit(f"is no object but {type(value).__name__}")
        found: dict[str, Any] = {}
        for name, member in self.members.items():
            item = value.get(name, member.default)
            if item is None and not (member.type is JSON_TEXT and member.required and name in value):
                if member.required:
                    raise Unfit(f"{name} is missing")
                continue
            try:
                found[name] = member.type.read(item)
            except Unfit as error:
                raise Unfit(f"{name} {error}") from None
        return found

    def narrowed(self, wanted: Wanted | None) -> Record:
        """Only the members that are wanted (None: all of them), and of these what is wanted of them."""
        if wanted is None:
            return self
        return Record(
            {
                name: Member(_narrowed(member.type, wanted[name]), member.required, member.default)
                for name, member in self.members.items()
                if name in wanted
            }
        )


Type = Kind | SetOf | Record


def _narrowed(type_: Type, wanted: Wanted | None) -> Type:
    return type_.narrowed(wanted) if isinstance(type_, Record) else type_


def _long(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"is no integer but {type(value).__name__}")
    if not LEAST <= value <= MOST:
        raise Unfit("is an integer beyond 64 bits")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit(f"is no text but {type(value).__name__}")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit(f"is no boolean but {type(value).__name__}")
    return value


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unfit(f"is no number but {type(value).__name__}")
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise Unfit("is no number") from None
    if not found.is_finite():
        raise Unfit("is no finite number")
    return found


def _decimal(value: Any) -> dict[str, dict[str, str]]:
    number = _number(value)
    if abs(number) > MOST // 10_000:
        raise Unfit("is a number beyond what policies can compare")
    written = f"{number.quantize(_PLACES, ROUND_HALF_UP):f}"
    return {"__extn": {"fn": "decimal", "arg": written}}


def cents(value: Any) -> int:
    """An amount in integer hundredths, rounded half up; raises `Unfit`."""
    number = _number(value)
    if abs(number) > MOST // 100:
        raise Unfit("is an amount beyond what policies can compare")
    return int((number * _HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))


def _text(value: Any) -> str:
    return canonical.to_json(value).decode()


LONG = Kind("Long", _long)
STRING = Kind("String", _string)
BOOL = Kind("Bool", _bool)
DECIMAL = Kind("decimal", _decimal, "rounded half up to four places")
CENTS = Kind("Long", cents, "in hundredths, rounded half up")
JSON_TEXT = Kind("String", _text, "as its JSON text, which is all that Cedar can hold of it")


@dataclass(frozen=True)
class Money(Record):
    """Money: integer cents and the currency."""

    members: Mapping[str, Member] = field(
        default_factory=lambda: {"amount_cents": Member(LONG), "currency": Member(STRING)}
    )

    def read(self, value: Any) -> dict[str, Any]:
        """The money as cents; raises `Unfit`."""
        if not isinstance(value, dict):
            raise Unfit(f"is no money but {type(value).__name__}")
        found: dict[str, Any] = {}
        if "amount_cents" in self.members:
            found["amount_cents"] = cents(value.get("amount"))
        if "currency" in self.members:
            found["currency"] = _string(value.get("currency"))
        return found

    def narrowed(self, wanted: Wanted | None) -> Record:
        """Only the members that are wanted."""
        if wanted is None:
            return self
        return Money({name: member for name, member in self.members.items() if name in wanted})


MONEY = Money()


def notes(type_: Type, place: str) -> Iterator[str]:
    """What is to be known of the values below `place`, one line each."""
    if isinstance(type_, Record):
        for name, member in type_.members.items():
            yield from notes(member.type, f"{place}.{name}")
    elif isinstance(type_, SetOf):
        yield from notes(type_.item, f"{place}[]")
    elif type_.note:
        yield f"{place}: {type_.note}"
