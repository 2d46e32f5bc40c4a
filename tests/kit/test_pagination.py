from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from pilothouse.kit.pagination import MAX_LIMIT, PageQuery, cursor_of, read_cursor


@given(st.uuids())
def test_a_cursor_names_the_item_it_was_made_of(last: UUID) -> None:
    assert PageQuery(cursor=cursor_of(last)).cursor == last


@given(st.text(max_size=40) | st.integers() | st.binary(max_size=30))
def test_nothing_else_is_taken_for_a_cursor(text: object) -> None:
    assume(not isinstance(text, str) or len(text) != 22)
    with pytest.raises(ValueError, match="is no cursor"):
        read_cursor(text)


@pytest.mark.parametrize("text", ["A" * 21 + "B", "!" * 22, "é" * 22])
def test_a_text_of_the_right_length_is_checked_too(text: str) -> None:
    with pytest.raises(ValueError, match="is no cursor"):
        read_cursor(text)


def test_without_a_cursor_the_first_page_is_wanted() -> None:
    assert PageQuery().cursor is None
    assert PageQuery(cursor=None).cursor is None


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": MAX_LIMIT + 1}, {"cursor": "x"}, {"limti": 5}])
def test_a_wrong_or_unknown_parameter_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PageQuery(**wrong)


def test_a_cursor_fits_the_pattern_that_the_api_documents() -> None:
    schema = PageQuery.model_json_schema()["properties"]["cursor"]
    text = cursor_of(uuid4())
    assert schema["pattern"] == "^[A-Za-z0-9_-]{21}[AQgw]$"
    assert re.fullmatch(schema["pattern"], text)
