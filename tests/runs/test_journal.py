from __future__ import annotations

import datetime as dt
import zlib
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.runs.journal import shown
from pilothouse.runs.tables import JournalRow
from pilothouse.runtime.entries import Codec, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def row(payload: bytes, codec: int = Codec.PLAIN) -> JournalRow:
    return JournalRow(
        run_id=uuid4(),
        seq=3,
        kind="noted",
        key="now#0",
        at=dt.datetime.now(dt.UTC),
        codec=codec,
        payload=payload,
    )


@given(JSON, st.integers(0, 3_000))
def test_json_is_shown_as_json_however_it_is_stored(value: object, padding: int) -> None:
    codec, stored = encode(orjson.dumps([value, "x" * padding]))
    entry = shown(row(stored, codec))
    assert (entry.encoding, entry.payload) == ("json", [value, "x" * padding])
    assert (entry.seq, entry.kind, entry.key) == (3, "noted", "now#0")


@pytest.mark.parametrize(
    ("payload", "encoding", "expected"),
    [
        (b"", "none", None),
        ("grüß dich".encode(), "text", "grüß dich"),
        (b"\xff\xfe\x00", "base64", "//4A"),
        (b"NaN", "text", "NaN"),
        (b"null", "json", None),
    ],
)
def test_anything_else_says_what_it_is(payload: bytes, encoding: str, expected: object) -> None:
    entry = shown(row(payload))
    assert (entry.encoding, entry.payload) == (encoding, expected)


def test_json_too_deep_to_be_shown_is_shown_as_text() -> None:
    deep = b"[" * 400 + b"]" * 400
    entry = shown(row(deep))
    assert (entry.encoding, entry.payload) == ("text", deep.decode())


@pytest.mark.parametrize(
    ("stored", "codec", "told"),
    [(b"secret", 7, "codec 7"), (zlib.compress(b"x" * 99)[:-4], Codec.ZLIB, "damaged")],
)
def test_what_cannot_be_read_is_shown_as_such(stored: bytes, codec: int, told: str) -> None:
    entry = shown(row(stored, codec))
    assert entry.encoding == "unreadable"
    assert told in str(entry.payload)
