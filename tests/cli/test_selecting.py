"""Options of the command line as a filter."""

from __future__ import annotations

import pytest

from pilothouse.cli.selecting import selection
from pilothouse.errors import InvalidInput


def test_options_become_the_filter_of_the_api() -> None:
    found = selection(
        ["failed", "waiting"],
        "mlops",
        ["team=a:b", "size:L"],
        ["version=2", "created_after=2030-01-01T00:00:00Z"],
    )
    assert found == {
        "status": ["failed", "waiting"],
        "workflow": "mlops",
        "label": ["team:a:b", "size:L"],
        "version": "2",
        "created_after": "2030-01-01T00:00:00Z",
    }
    assert selection() == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": ["size=1"]}, "is no filter"),
        ({"where": ["version"]}, "is no filter"),
        ({"label": ["color"]}, "is no label"),
        ({"workflow": "a", "where": ["workflow=b"]}, "Two values"),
    ],
)
def test_what_is_no_filter_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        selection(**options)
