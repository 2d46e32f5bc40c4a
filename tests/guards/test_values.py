"""JSON values: strings, keys and numbers are masked and come back as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.guards.detector import Detector
from pilothouse.guards.rules import RULES
from pilothouse.guards.values import DEEPEST, Json, mask_value, unmask_value

DETECTOR = Detector()
KEY = b"k" * 32
EVERY = frozenset(rule.type for rule in RULES)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([4539148803436467, 10**60, -219457281])
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from([rule.example for rule in RULES if rule.example])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_what_is_masked_comes_back_as_it_was(value: Json) -> None:
    masked = mask_value(value, DETECTOR, KEY)
    back = unmask_value(masked.value, masked.originals, EVERY)
    assert json.dumps(back) == json.dumps(value)


def test_the_name_of_a_field_says_what_is_in_it() -> None:
    masked = mask_value({"customerSsn": "219457281", "order_no": "219457281"}, DETECTOR, KEY)
    assert isinstance(masked.value, dict)
    assert str(masked.value["customerSsn"]).startswith("<US_SSN:")
    assert masked.value["order_no"] == "219457281"
    assert [(place, one.type, one.start, one.end) for place, one in masked.findings] == [
        ("/customerSsn", "us_ssn", 0, 9)
    ]


def test_numbers_come_back_as_numbers_and_only_to_those_allowed() -> None:
    value: Json = {"card": 4539148803436467, "count": 12, "yes": True, "huge": 10**60}
    masked = mask_value(value, DETECTOR, KEY)
    assert isinstance(masked.value, dict)
    assert str(masked.value["card"]).startswith("<CARD_NUMBER:")
    assert unmask_value(masked.value, masked.originals, {"card"}) == value
    assert unmask_value(masked.value, masked.originals, {"email"}) == masked.value


def test_keys_are_masked_too_and_places_name_the_masked_ones() -> None:
    masked = mask_value({"nora@fjord.example": [{"a/b": "call 4539 1488 0343 6467"}]}, DETECTOR, KEY)
    assert "nora" not in json.dumps(masked.value)
    assert "nora" not in repr(masked)
    assert {place.rpartition("/")[2] for place, _ in masked.findings} == {"", "a~1b"}
    back = unmask_value(masked.value, masked.originals, EVERY)
    assert back == {"nora@fjord.example": [{"a/b": "call 4539 1488 0343 6467"}]}


def test_a_value_that_is_too_deep_is_refused() -> None:
    value: Json = "end"
    for _ in range(DEEPEST + 1):
        value = [value]
    with pytest.raises(InvalidInput, match="nested more than"):
        mask_value(value, DETECTOR, KEY)
