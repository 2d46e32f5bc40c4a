"""Variables have types: what is missing, unknown or of another type is an error that names it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from pilothouse.prompts.errors import VariableMissing, VariableUnknown, VariableWrong
from pilothouse.prompts.variables import Variable, checked

SECRET = "what nobody is to read in a log"


def variable(said: Any) -> Variable:
    return Variable.model_validate(said)


@pytest.mark.parametrize(
    ("said", "given", "expected"),
    [
        ("string", "a", "a"),
        ("integer", 3, 3),
        ("integer", 3.0, 3),
        ("number", 0.5, 0.5),
        ("number", 2, 2),
        ("boolean", False, False),
        ("date", "2026-01-31", dt.date(2026, 1, 31)),
        ("datetime", "2026-01-31T09:30:00+00:00", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
        (["a", "b"], "b", "b"),
        ("list", [1, "a", None], [1, "a", None]),
        ("list of integer", [1, 2], [1, 2]),
        ("object", {"any": [1]}, {"any": [1]}),
        (
            {"type": "object", "fields": {"id": "string", "n": "optional integer"}},
            {"id": "x"},
            {"id": "x", "n": None},
        ),
        (
            {"type": "list", "items": {"type": "object", "fields": {"d": "date"}}},
            [{"d": "2026-01-31"}],
            [{"d": dt.date(2026, 1, 31)}],
        ),
    ],
)
def test_what_fits_is_taken(said: Any, given: Any, expected: Any) -> None:
    assert checked("p", {"x": variable(said)}, {"x": given}) == {"x": expected}


@pytest.mark.parametrize(
    ("said", "given", "told"),
    [
        ("string", 3, "`x` of the prompt p is string, and an integer was given"),
        ("integer", True, "and a boolean was given"),
        ("integer", 1.5, "and a number was given"),
        ("integer", SECRET, "and a text was given"),
        ("number", float("nan"), "and a number was given"),
        ("boolean", 1, "is boolean"),
        ("date", "31.1.2026", "is no date"),
        ("datetime", "soon", "is no moment"),
        (["a", "b"], SECRET, "is one of a, b"),
        ("list", {"a": 1}, "is list, and an object was given"),
        ("list of integer", [1, "2"], "item 2 of `x`"),
        ("object", [], "is object, and a list was given"),
        ({"type": "object", "fields": {"id": "string"}}, {}, "lacks the field `id` (string)"),
        (
            {"type": "object", "fields": {"ident": "string"}},
            {"idnt": 1},
            "unknown field `idnt`. Did you mean ident?",
        ),
        ({"type": "string", "max": 3}, SECRET, "at most 3 are allowed"),
        ({"type": "list", "min": 1}, [], "at least 1 are asked for"),
        ({"type": "number", "min": 0}, -1, "at least 0"),
    ],
)
def test_what_does_not_fit_is_told_and_never_shown(said: Any, given: Any, told: str) -> None:
    with pytest.raises(VariableWrong) as caught:
        checked("p", {"x": variable(said)}, {"x": given})
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


def test_all_that_is_missing_is_named() -> None:
    known = {"a": variable("string"), "b": variable("optional string"), "c": variable(["x", "y"])}
    with pytest.raises(
        VariableMissing, match=r"needs `a` \(string\), `c` \(one of x, y\), which were not given"
    ):
        checked("p", known, {"a": None})


def test_what_is_unknown_is_named_with_what_was_meant() -> None:
    with pytest.raises(VariableUnknown, match=r"has no variable `custmer`. Did you mean customer?"):
        checked("p", {"customer": variable("string")}, {"custmer": "Ada"})


def test_defaults_stand_in_and_what_is_optional_is_empty() -> None:
    known = {"a": variable({"type": "integer", "default": 0}), "b": variable("optional string")}
    assert checked("p", known, {}) == {"a": 0, "b": None}


@pytest.mark.parametrize(
    "said",
    [
        "strng",
        "list of",
        "optional",
        "string?",
        {"type": "enum"},
        {"type": "string", "values": ["a"]},
        {"type": "string", "items": "string"},
        {"type": "string", "fields": {"a": "string"}},
        {"type": "boolean", "min": 1},
        {"type": "string", "default": 1},
        {"type": "string", "secret": True},
        {"type": "list", "items": {"type": "list", "items": {"type": "list", "items": "list of list"}}},
        3,
    ],
)
def test_what_is_no_type_is_refused(said: Any) -> None:
    with pytest.raises(ValidationError):
        variable(said)
