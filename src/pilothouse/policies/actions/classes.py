"""Which requests a set of policies can tell apart: those that it cannot are decided once.

An amount that policies only compare with 100 and 500 is one of five things to them: below, at
one, between, at the other, above. A value that is used in any other way is taken as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pilothouse.policies.actions.rules import Rule, path_of

Path = tuple[str, ...]

_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_MISSING: Final = ("missing",)
_OTHER: Final = ("other",)


@dataclass
class Uses:
    """How policies use one member of the context: with which constants, or as it is."""

    exact: bool = False
    constants: set[Any] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)

    def class_of(self, value: Any) -> Any:
        """What stands for `value`: the same for all that policies cannot tell from it."""
        if value is _MISSING or isinstance(value, bool):
            return value
        if self.exact:
            scalar = isinstance(value, str | int)
            return value if scalar else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        if isinstance(value, int):
            return self._place(value)
        if isinstance(value, str):
            return value if value in self.constants else _OTHER
        if isinstance(value, list):
            return frozenset(self.constants.intersection(value))
        return _OTHER  # of a record that is asked only whether it is there

    def _place(self, value: int) -> int:
        """Twice the number of constants below, and one more where it is one of them."""
        below = bisect_left(self.numbers, value)
        return 2 * below + (below < len(self.numbers) and self.numbers[below] == value)


class Classes:
    """Tells the class of a context; two contexts of one class are decided alike."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Look at how `rules` use each member of the context."""
        found: dict[Path, Uses] = {}
        self._whole = False
        for rule in rules:
            self._whole = self._whole or rule.looks_at is None
            for condition in rule.est["conditions"]:
                _visit(condition["body"], found)
        for uses in found.values():
            uses.numbers = sorted(one for one in uses.constants if type(one) is int)
        self._uses = tuple(found.items())

    def of(self, context: Mapping[str, Any]) -> Any:
        """The class of `context`."""
        if self._whole:
            return orjson.dumps(context, option=orjson.OPT_SORT_KEYS)
        return tuple([uses.class_of(_found(context, path)) for path, uses in self._uses])


def _found(context: Mapping[str, Any], path: Path) -> Any:
    value: Any = context
    for name in path:
        value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _visit(node: Any, found: dict[Path, Uses]) -> None:
    if isinstance(node, list):
        for item in node:
            _visit(item, found)
    if not isinstance(node, Mapping) or _compared(node, found) or _contained(node, found):
        return
    path = path_of(node)
    if path is None:
        for item in node.values():
            _visit(item, found)
        return
    uses = found.setdefault(tuple(path), Uses())
    uses.exact = uses.exact or "has" not in node


def _compared(node: Mapping[str, Any], found: dict[Path, Uses]) -> bool:
    """Whether `node` compares a member with a constant, which is noted."""
    for name, sides in node.items():
        if name not in _COMPARISONS:
            continue
        for one, other in ((sides["left"], sides["right"]), (sides["right"], sides["left"])):
            path, constants = path_of(one), _constants([other])
            if path and "has" not in one and constants is not None:
                found.setdefault(tuple(path), Uses()).constants |= constants
                return True
    return False


def _contained(node: Mapping[str, Any], found: dict[Path, Uses]) -> bool:
    """Whether `node` asks if a member contains a constant, or is one of several; that is noted."""
    match node:
        case {"contains": {"left": {"Set": list(several)}, "right": one}}:
            path, constants = path_of(one), _constants(several)
        case {"contains": {"left": one, "right": constant}}:
            path, constants = path_of(one), _constants([constant])
        case _:
            return False
    if not path or "has" in one or constants is None:
        return False
    found.setdefault(tuple(path), Uses()).constants |= constants
    return True


def _constants(nodes: Iterable[Any]) -> set[Any] | None:
    """The texts and integers that the nodes are; None where one of them is something else."""
    constants: set[Any] = set()
    for node in nodes:
        value = node.get("Value") if isinstance(node, Mapping) else None
        if type(value) not in {int, str}:
            return None
        constants.add(value)
    return constants
