"""Payloads are bytes with a codec."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.runtime.entries import (
    COMPRESS_FROM,
    KINDS,
    VERBS,
    Codec,
    Kind,
    PayloadUnreadable,
    decode,
    encode,
)


@given(st.binary(max_size=300), st.integers(0, 40))
def test_what_is_encoded_is_decoded_to_the_same(part: bytes, times: int) -> None:
    payload = part * times
    codec, stored = encode(payload)
    assert decode(codec, stored) == payload
    assert len(stored) <= len(payload)


def test_short_payloads_are_stored_plain_and_long_ones_compressed_where_it_helps() -> None:
    import os

    assert encode(b"x" * (COMPRESS_FROM - 1))[0] == Codec.PLAIN
    assert encode(b"x" * COMPRESS_FROM)[0] == Codec.ZLIB
    assert encode(os.urandom(COMPRESS_FROM))[0] == Codec.PLAIN


@pytest.mark.parametrize(
    ("codec", "stored", "told"),
    [(1, b"no zlib", "damaged"), (1, zlib.compress(b"x" * 99)[:-3], "damaged"), (7, b"", "codec 7")],
)
def test_what_cannot_be_read_says_why(codec: int, stored: bytes, told: str) -> None:
    with pytest.raises(PayloadUnreadable, match=told):
        decode(codec, stored)


def test_every_kind_is_found_by_its_name_and_every_verb_is_one_of_the_context() -> None:
    assert all(KINDS[kind.value] is kind for kind in Kind)
    assert set(VERBS.values()) == {"call", "act", "ask", "save", "sleep", "gather", "now", "flag", "trust"}
