"""The cipher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit import cipher

KEY = bytes(range(32))
PARTS = st.lists(st.text(max_size=5), max_size=4)


@given(st.binary(max_size=200), PARTS, PARTS)
def test_a_value_opens_at_its_place_and_at_no_other(value: bytes, place: list[str], other: list[str]) -> None:
    sealed = cipher.seal(KEY, cipher.bound(*place), value)
    assert len(sealed) == len(value) + cipher.OVERHEAD
    assert cipher.unseal(KEY, cipher.bound(*place), sealed) == value
    if place != other:
        with pytest.raises(cipher.Tampered):
            cipher.unseal(KEY, cipher.bound(*other), sealed)


@given(st.binary(max_size=40), st.data())
def test_no_bit_can_be_changed_unnoticed(value: bytes, data: st.DataObject) -> None:
    sealed = bytearray(cipher.seal(KEY, b"here", value))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(cipher.Tampered):
        cipher.unseal(KEY, b"here", bytes(sealed))


@given(st.binary(max_size=cipher.OVERHEAD - 1))
def test_what_is_too_short_is_none(sealed: bytes) -> None:
    with pytest.raises(cipher.Tampered):
        cipher.unseal(KEY, b"", sealed)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(cipher.Tampered):
        cipher.unseal(cipher.new_key(), b"", cipher.seal(KEY, b"", b"value"))


def test_equal_values_are_sealed_differently() -> None:
    assert len({cipher.seal(KEY, b"", b"value") for _ in range(100)}) == 100


def test_a_purpose_has_a_key_of_its_own() -> None:
    assert cipher.derived(KEY, "a", "bc") == cipher.derived(KEY, "a", "bc")
    assert (
        len({cipher.derived(KEY, "a", "bc"), cipher.derived(KEY, "ab", "c"), cipher.derived(b"k" * 32)}) == 3
    )
