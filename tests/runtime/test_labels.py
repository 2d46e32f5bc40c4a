"""Labels: what a run may carry, and in which spelling."""

from __future__ import annotations

import pytest

from pilothouse.errors import InvalidInput
from pilothouse.runtime import labels


def test_values_are_kept_in_one_spelling() -> None:
    assert labels.checked({"who": "Zoe\u0308", "app.x/y": ""}) == {"who": "Zo\u00eb", "app.x/y": ""}
    assert labels.parse(["who=Zoe\u0308", "who=Zoe\u0308"], "=") == {"who": "Zo\u00eb"}


@pytest.mark.parametrize(
    "value", ["a\nb", "\u202egnp.exe", "a\u200bb", "\ud800", "x" * (labels.MAX_VALUE + 1)]
)
def test_values_that_hide_something_or_are_too_long_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="The label who"):
        labels.checked({"who": value})


@pytest.mark.parametrize("key", ["", "-a", "a-", "a b", "\u00e4", "x" * 64])
def test_keys_are_plain(key: str) -> None:
    with pytest.raises(InvalidInput, match="no label key"):
        labels.checked({key: "x"})


def test_a_run_has_no_more_than_so_many() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        labels.checked({f"k{number}": "x" for number in range(labels.MAX_LABELS + 1)})
