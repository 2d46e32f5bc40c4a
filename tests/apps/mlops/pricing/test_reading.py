"""Attributes and usage arrive as plain JSON: numbers as numbers or text, blocks alone or in lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.reading import amount, block, blocks, flag, number, text


@pytest.mark.parametrize(
    ("value", "found"),
    [(3, 3), (2.5, "2.5"), ("7", 7), ("x", None), (True, None), (None, None), ([1], None), ("nan", None)],
)
def test_a_number_is_read_from_what_looks_like_one(value: JsonValue, found: str | int | None) -> None:
    assert number({"a": value}, "a") == (None if found is None else Decimal(found))


def test_a_dotted_key_looks_into_blocks() -> None:
    assert number({"standard": {"storage_gb": 5}}, "standard.storage_gb") == 5
    assert number({"standard": {}}, "standard.storage_gb") is None
    assert number({}, "standard.storage_gb") is None


def test_a_negative_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="requests is -1"):
        number({"requests": -1}, "requests")


def test_an_absent_number_has_a_default() -> None:
    assert amount({}, "a", "1.5") == Decimal("1.5")
    assert amount({"a": 0}, "a", 9) == 0


def test_text_is_read_from_text_and_numbers() -> None:
    assert text({"a": "b"}, "a") == "b"
    assert text({"a": 1.5}, "a") == "1.5"
    assert text({"a": True}, "a", "x") == "x"
    assert text({}, "a") == ""


@pytest.mark.parametrize(
    ("value", "on"), [(True, True), ("true", True), ("True", True), (False, False), (1, False)]
)
def test_a_flag_may_be_a_word(value: JsonValue, on: bool) -> None:
    assert flag({"a": value}, "a") is on


def test_blocks_may_be_one_object_or_a_list() -> None:
    assert blocks({"a": {"b": 1}}, "a") == ({"b": 1},)
    assert blocks({"a": [{"b": 1}, {"b": 2}, 3]}, "a") == ({"b": 1}, {"b": 2})
    assert blocks({"a": "b"}, "a") == ()
    assert block({"a": [{"b": 1}]}, "a") == {"b": 1}
    assert block({}, "a") == {}
