"""Checks of an answer: a small table of built-in ones, functions of one's own, and a model that judges.

A check takes a case and the output, and gives a mark from 0 to 1, alone or with why.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from pilothouse.evaluations.errors import CheckInvalid
from pilothouse.evaluations.schemas import Case, Mark

Told = bool | float | tuple[bool | float, str]
Function = Callable[[Case, JsonValue], Told | Awaitable[Told]]
Check = Callable[[Case, JsonValue], Awaitable[Mark]]

_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def equals(case: Case, output: JsonValue) -> Told:
    """The output is what is expected; of an object each field that is expected is."""
    wrong = sorted(_differing(case.expected, output))
    return (not wrong, "" if not wrong else f"differs at {', '.join(wrong[:5])}")


def contains(case: Case, output: JsonValue) -> Told:
    """The text of the output contains the expected text, or each of a list of them; letters' case aside."""
    text = str(output).casefold()
    wanted = case.expected if isinstance(case.expected, list) else [case.expected]
    missing = [str(item) for item in wanted if str(item).casefold() not in text]
    return (not missing, "" if not missing else f"lacks {', '.join(map(repr, missing[:5]))}")


def matches(case: Case, output: JsonValue) -> Told:
    """The text of the output has a place that the expected regular expression (RE2) matches."""
    import re2

    try:
        return re2.search(str(case.expected), str(output)) is not None
    except re2.error as error:
        message = f"The case {case.id} expects {str(case.expected)[:80]!r}, no regular expression: {error}."
        raise CheckInvalid(message) from None


BUILT_IN: Mapping[str, Function] = {"equals": equals, "contains": contains, "matches": matches}
"""The checks that have a name; each needs a case with something expected."""


def check_named(name: str, judges: Mapping[str, Check]) -> Check:
    """The check `equals`, `contains`, `matches`, `module:function`, or one of the `judges`.

    Raises `CheckInvalid` where there is none of this name.
    """
    if name in judges:
        return judges[name]
    if name in BUILT_IN:
        return _marking(name, BUILT_IN[name])
    if not _PLACE.fullmatch(name):
        known = ", ".join([*BUILT_IN, *judges])
        raise CheckInvalid(
            f"{name[:100]!r} is no check.",
            hint=f"There are {known}, and functions of yours: module:function.",
        )
    return _marking(name, _imported(name))


def insist_on_expected(names: Iterable[str], cases: Sequence[Case]) -> None:
    """Raise `CheckInvalid` where a built-in check is to be used on a case that expects nothing."""
    needing = [name for name in names if name in BUILT_IN]
    without = [case.id for case in cases if "expected" not in case.model_fields_set]
    if needing and without:
        more = f" and {len(without) - 5} more" if len(without) > 5 else ""
        raise CheckInvalid(
            f"The check {needing[0]} needs what is expected; so say nothing: {', '.join(without[:5])}{more}.",
            hint='Add "expected" to these cases, leave them out by --tag, or use another check.',
        )


def _imported(name: str) -> Function:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise CheckInvalid(f"The check {name} cannot be imported: {error}.") from error
    if not callable(found):
        raise CheckInvalid(f"The check {name} is no function.", hint="It takes a case and an output.")
    function: Function = found
    return function


def _marking(name: str, function: Function) -> Check:
    async def check(case: Case, output: JsonValue) -> Mark:
        told: Any = function(case, output)
        if inspect.isawaitable(told):
            told = await told
        value, why = told if isinstance(told, tuple) and len(told) == 2 else (told, "")
        if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
            raise CheckInvalid(
                f"The check {name} said {value!r} of the case {case.id}.",
                hint="A check says True, False or a number from 0 to 1, or such a one and why.",
            )
        return Mark(name, float(value), str(why))

    return check


def _differing(expected: JsonValue, output: JsonValue, place: str = "") -> list[str]:
    """Where an output is not what is expected."""
    if isinstance(expected, dict) and isinstance(output, dict):
        return [
            found
            for name, value in expected.items()
            for found in _differing(value, output.get(name), f"{place}.{name}" if place else name)
        ]
    same = type(expected) is type(output) or {type(expected), type(output)} <= {int, float}
    return [] if same and expected == output else [place or "the whole"]
