"""Equal values are equal bytes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit import canonical

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: object, *, lists: bool) -> object:
    if isinstance(value, dict):
        items = [(key, shuffled(item, lists=lists)) for key, item in value.items()]
        return dict(random.Random(3).sample(items, len(items)))
    if isinstance(value, list):
        items = [shuffled(item, lists=lists) for item in value]
        return random.Random(3).sample(items, len(items)) if lists else items
    return value


@given(JSON)
def test_the_order_of_members_makes_no_difference(value: object) -> None:
    written = canonical.to_json(value)
    assert canonical.to_json(shuffled(value, lists=False)) == written
    assert canonical.from_json(written) == value


@given(JSON)
def test_unordered_json_is_the_same_in_whatever_order_its_lists_come(value: object) -> None:
    mixed = canonical.to_json(shuffled(value, lists=True))
    assert canonical.unordered(mixed) == canonical.unordered(canonical.to_json(value))


def test_lists_with_other_items_differ_also_unordered() -> None:
    assert canonical.unordered(b"[1,[2,3]]") != canonical.unordered(b"[1,[2,4]]")
    assert canonical.unordered(b'["1"]') != canonical.unordered(b"[1]")


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical.to_json(object())
    with pytest.raises(ValueError, match="unexpected"):
        canonical.from_json("{")


def test_a_digest_tells_bytes_apart() -> None:
    assert canonical.digest(b"a") == canonical.digest(b"a") != canonical.digest(b"b")
    assert len(canonical.digest(b"")) == canonical.DIGEST_BYTES
