"""Closed types: those whose values are too few to carry instructions, whatever they were derived from.

An agent that has read data from outside and answers with one of a few values tells nothing of that data but
the choice. Text, unbounded numbers and containers of any length are open.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclasses.dataclass(frozen=True)
class Found:
    """Says of a text that it is an id, which is trusted where it was found in a trusted record."""


TrustedId = Annotated[str, Found()]
"""An id. In a trusted tool's result it is a known one; in an agent's answer it is trusted if it is known."""

MOST = 100
"""Items that a closed container has at most."""

_Seen = frozenset[type]
_MISSING = frozenset(inspect.getattr_static(kind, "_missing_").__func__ for kind in (enum.Enum, enum.Flag))


def is_closed(kind: Any) -> bool:
    """Whether every value of a type is one of a few: enums, booleans, literals, numbers within bounds.

    Also None, unions, fixed tuples, containers of at most 100 items, and models and dataclasses, of these.
    `TrustedId` counts as closed: whether its value is known is another question (`ids_in`).
    """
    return _closed(kind, (), frozenset())


def ids_in(kind: Any, value: Any) -> Iterator[str]:
    """The values in `value`, which is of the type `kind`, that stand where the type says `TrustedId`."""
    kind, told = _bare(kind, ())
    if value is None:
        return
    if any(isinstance(item, Found) or item is Found for item in told):
        if isinstance(value, str):
            yield value
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        yield from _ids_of_union(arguments, value)
    elif origin is tuple and arguments[-1:] != (Ellipsis,):
        for part, item in zip(arguments, value, strict=False):
            yield from ids_in(part, item)
    elif isinstance(value, Mapping) and len(arguments) == 2:
        for name, item in value.items():
            yield from (*ids_in(arguments[0], name), *ids_in(arguments[1], item))
    elif arguments and isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from ids_in(arguments[0], item)
    else:
        for name, part in _fields(kind):
            yield from ids_in(part, getattr(value, name, None))


def _ids_of_union(arguments: Sequence[Any], value: Any) -> Iterator[str]:
    if isinstance(value, str) and any(value in get_args(part) for part in arguments if _is_literal(part)):
        return
    for part in arguments:
        bare = _bare(part, ())[0]
        if isinstance(bare, type) and get_origin(bare) is None and not isinstance(value, bare):
            continue
        yield from ids_in(part, value)


def _closed(kind: Any, told: tuple[Any, ...], seen: _Seen) -> bool:
    kind, told = _bare(kind, told)
    if any(isinstance(item, Found) or item is Found for item in told):
        return kind is str
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in {bool, None, type(None)} or _is_literal(kind):
        return True
    if kind in {int, float}:
        return _bounded(told)
    if origin in {Union, types.UnionType} or (origin is tuple and Ellipsis not in arguments):
        return all(_closed(part, (), seen) for part in arguments)
    if origin in {list, tuple, set, frozenset}:
        return _short(told) and _closed(arguments[0], (), seen)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return inspect.getattr_static(kind, "_missing_").__func__ in _MISSING  # another may invent members
    return isinstance(kind, type) and kind not in seen and _closed_class(kind, seen | {kind})


def _closed_class(kind: type, seen: _Seen) -> bool:
    if issubclass(kind, BaseModel) and kind.model_config.get("extra") == "allow":
        return False
    fields = list(_fields(kind))
    known = issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)
    return known and all(_closed(part, (), seen) for _, part in fields)


def _fields(kind: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a model or dataclass, each with its whole type."""
    if not isinstance(kind, type):
        return
    if issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield name, Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    elif dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        for item in dataclasses.fields(kind):
            yield item.name, hints[item.name]


def _bare(kind: Any, told: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The type without `Annotated`, and everything that was said of it."""
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        told = (*told, *more)
    flat: list[Any] = []
    for item in told:
        flat.extend(item.metadata if isinstance(item, FieldInfo) else [item])
    return kind, tuple(flat)


def _bounded(told: Sequence[Any]) -> bool:
    below = _said(told, annotated_types.Le, annotated_types.Lt)
    return below and _said(told, annotated_types.Ge, annotated_types.Gt)


def _said(told: Sequence[Any], *kinds: type) -> bool:
    return any(
        isinstance(item, kinds) or (isinstance(item, annotated_types.Interval) and _within(item, kinds))
        for item in told
    )


def _within(item: annotated_types.Interval, kinds: tuple[type, ...]) -> bool:
    return any(isinstance(part, kinds) for part in item)


def _short(told: Sequence[Any]) -> bool:
    return any(
        (isinstance(item, annotated_types.MaxLen) and item.max_length <= MOST)
        or (isinstance(item, annotated_types.Len) and (item.max_length or MOST + 1) <= MOST)
        for item in told
    )


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal
