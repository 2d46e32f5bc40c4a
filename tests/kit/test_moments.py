from __future__ import annotations

import datetime as dt

import pytest
from pydantic import TypeAdapter, ValidationError

from pilothouse.kit.moments import Moment

MOMENTS = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T09:30:00Z",
        "2026-01-31t09:30:00z",
        "2026-01-31T10:30:00.000000+01:00",
        "2026-01-31T04:00:00-05:30",
    ],
)
def test_a_moment_is_written_with_its_offset(text: str) -> None:
    assert MOMENTS.validate_python(text) == dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(0, 1.5, True, "0", "1769851800", "0.5", b"2026-01-31T09:30:00Z", None),
        *("2026-01-31", "2026-01-31T09:30:00", "2026-01-31 09:30:00Z", "2026-01-31T09:30Z"),
        *("2026-02-30T09:30:00Z", "2026-01-31T25:00:00Z", "٢026-01-31T09:30:00Z", " 2026-01-31T09:30:00Z"),
    ],
)
def test_nothing_else_is_taken_for_one(value: object) -> None:
    with pytest.raises(ValidationError):
        MOMENTS.validate_python(value)


def test_a_moment_without_an_offset_is_none() -> None:
    with pytest.raises(ValidationError):
        MOMENTS.validate_python(dt.datetime(2026, 1, 31))  # noqa: DTZ001 - that is the point


def test_the_schema_says_the_format() -> None:
    assert MOMENTS.json_schema() == {"type": "string", "format": "date-time"}
