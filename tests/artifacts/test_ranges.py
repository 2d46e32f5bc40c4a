from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.artifacts.ranges import RangeNotSatisfiable, Span, requested

SIZES = st.integers(0, 200)
PLACES = st.integers(0, 300)


@given(st.binary(max_size=200), PLACES, st.none() | PLACES)
def test_a_range_from_the_start_is_what_slicing_gives(content: bytes, first: int, last: int | None) -> None:
    header = f"bytes={first}-{'' if last is None else last}"
    expected = content[first:] if last is None else content[first : last + 1]
    if last is not None and last < first:
        assert requested(header, len(content)) is None
    elif not expected:
        with pytest.raises(RangeNotSatisfiable):
            requested(header, len(content))
    else:
        span = requested(header, len(content))
        assert span is not None
        assert content[span.start : span.end] == expected


@given(st.binary(max_size=200), PLACES)
def test_a_range_from_the_end_is_what_slicing_gives(content: bytes, length: int) -> None:
    expected = content[max(len(content) - length, 0) :]
    if not expected:
        with pytest.raises(RangeNotSatisfiable):
            requested(f"bytes=-{length}", len(content))
    else:
        span = requested(f"bytes=-{length}", len(content))
        assert span is not None
        assert content[span.start : span.end] == expected


@given(st.text(max_size=30), SIZES)
def test_whatever_a_header_says_the_span_lies_within_the_content(text: str, size: int) -> None:
    try:
        span = requested(f"bytes={text}", size)
    except RangeNotSatisfiable:
        return
    assert span is None or 0 <= span.start < span.end <= size


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=0-1,3-4",
        "items=0-1",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=٣-٤",
    ],
)
def test_what_asks_for_no_single_range_is_ignored(header: str | None) -> None:
    assert requested(header, 10) is None


def test_spaces_and_capitals_do_not_matter() -> None:
    assert requested(" Bytes = 2 - 3 ", 10) == Span(2, 4)


def test_a_range_that_lies_outside_says_how_large_the_content_is() -> None:
    with pytest.raises(RangeNotSatisfiable, match="has 10 bytes") as caught:
        requested("bytes=10-", 10)
    assert caught.value.headers == {"content-range": "bytes */10"}
