# ruff: noqa: E501 - hostile texts are listed as they are
from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.kit.bounded import LONGEST_KEY, MAX_KEYS, MAX_VALUES, read_bounded

KEYS = st.sampled_from(["a", "b", ":", '"', "\\", "a:b", "\\u0000"])
VALUES = st.recursive(
    st.none() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text(alphabet='a:"\\{}[],', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_within_the_bounds_is_read_as_it_is(value: Any) -> None:
    assert read_bounded(json.dumps(value), "It", 50) == value


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ('{"a":1,"a":2}', "'a' of an object more than once"),
        ('[{"b":{"x":1,"y":2,"x":3}}]', "'x' of an object more than once"),
        ('{"ab":1,"a\\u0062":2}', "'ab' of an object more than once"),
        ('{"a":"\\u0000"}', "NUL"),
        ('["\\u0000"]', "NUL"),
        ('"\\u0000"', "NUL"),
        ('{"\\u0000":1}', "NUL"),
        ('{"%s":1}' % ("k" * (LONGEST_KEY + 1)), "longer than"),
        ("18446744073709551616", "does not fit into 64 bits"),
        ("[-9223372036854775809]", "does not fit into 64 bits"),
        ("[1e400]", "no valid JSON"),
        ("[0." + "1" * 500 + "]", "500|502 digits"),
        ("[NaN]", "no valid JSON"),
        ("[Infinity]", "no valid JSON"),
        ('"\\ud800"', "no valid JSON"),
    ],
)
def test_what_programs_read_in_two_ways_is_refused(data: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_bounded(data, "It")


def test_what_only_looks_like_that_is_taken() -> None:
    for data in ('{"a":"b:c","d":"{\\"a\\":1,\\"a\\":2}"}', '{"x":"\\\\u0000"}', "[0.12345678901234567890123]",
                 "18446744073709551615", '["12345678901234567890123456789"]'):  # fmt: skip
        assert read_bounded(data, "It") == orjson.loads(data)


def test_too_many_members_and_values_are_refused() -> None:
    many = orjson.dumps({str(number): 1 for number in range(MAX_KEYS + 1)})
    with pytest.raises(InvalidInput, match="members or"):
        read_bounded(many, "It")
    with pytest.raises(InvalidInput, match="members or"):
        read_bounded(b"[" + b"1," * MAX_VALUES + b"1]", "It")


@pytest.mark.timed
def test_two_megabytes_of_anything_are_judged_within_a_second() -> None:
    size = 2_000_000
    for data in (
        b"[" * size, b'"' + b'\\"' * (size // 2) + b'"', b"[" + b"1," * (size // 2) + b"1]", b'{"a":' * (size // 5),
        b'{"k":"' + b"\\\\" * (size // 2) + b'"}', b"[" + b"1" * size + b"]", b"[0." + b"1" * size + b"]",
        b'{"a":1,' + b",".join(b'"a":%d' % number for number in range(20_000)) + b"}", b" " * size, b'"' * size,
    ):  # fmt: skip
        began = time.perf_counter()
        try:
            read_bounded(data, "It")
        except InvalidInput:
            pass
        assert time.perf_counter() - began < 1, data[:20]
