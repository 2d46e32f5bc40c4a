"""Checks: what the built-in ones pass, functions of one's own, and what is no check."""

from __future__ import annotations

from typing import Any

import pytest

from pilothouse.evaluations.checks import check_named
from pilothouse.evaluations.errors import CheckInvalid
from pilothouse.evaluations.schemas import Case


def short(_: Case, output: Any) -> tuple[float, str]:
    return (0.5 if len(str(output)) < 5 else 0.0), f"{len(str(output))} characters"


async def kind(case: Case, output: Any) -> bool:
    return bool(case.expected == output)


def odd(_: Case, __: Any) -> str:
    return "good"


@pytest.mark.parametrize(
    ("check", "expected", "output", "value"),
    [
        ("equals", {"topic": "refund"}, {"topic": "refund", "why": "said so"}, 1.0),
        ("equals", {"topic": "refund", "n": 1}, {"topic": "parcel", "n": 1.0}, 0.0),
        ("equals", {"a": {"b": 1}}, {"a": {"b": True}}, 0.0),
        ("equals", 1, 1.0, 1.0),
        ("equals", [1, 2], [1, 2, 3], 0.0),
        ("equals", None, "", 0.0),
        ("contains", ["Refund", "days"], "A refund takes five days.", 1.0),
        ("contains", "voucher", "A refund takes five days.", 0.0),
        ("matches", r"\b[0-9]+ EUR\b", "You get 12 EUR back.", 1.0),
        ("matches", r"^no", "yes", 0.0),
    ],
)
async def test_built_in_checks(check: str, expected: Any, output: Any, value: float) -> None:
    mark = await check_named(check, {})(Case(id="a", expected=expected), output)
    assert (mark.check, mark.value) == (check, value)


async def test_what_differs_is_told_by_its_place() -> None:
    mark = await check_named("equals", {})(Case(expected={"a": {"b": 1}, "c": 2}), {"a": {"b": 2}, "c": 2})
    assert mark.why == "differs at a.b"


async def test_functions_of_ones_own_may_be_async_and_may_say_why() -> None:
    mark = await check_named(f"{__name__}:short", {})(Case(), "four")
    assert (mark.value, mark.why) == (0.5, "4 characters")
    assert (await check_named(f"{__name__}:kind", {})(Case(expected=1), 1)).value == 1.0


@pytest.mark.parametrize("name", ["none", "os:nothing", "no_such_module:check", "os:sep", "a b", ""])
def test_what_is_no_check_is_said_to_be_none(name: str) -> None:
    with pytest.raises(CheckInvalid):
        check_named(name, {})


async def test_a_check_that_says_something_else_is_named() -> None:
    with pytest.raises(CheckInvalid, match=r"said 'good' of the case c7"):
        await check_named(f"{__name__}:odd", {})(Case(id="c7"), "")


async def test_a_wrong_expression_names_its_case() -> None:
    with pytest.raises(CheckInvalid, match=r"The case c7 expects '\('"):
        await check_named("matches", {})(Case(id="c7", expected="("), "")
