"""Contents sealed in chunks."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.kit.chunked import CHUNK, open_span, seal_content, seal_file, stored_span
from pilothouse.kit.cipher import TAG_BYTES, Tampered

KEY = bytes(range(32))
STORED = CHUNK + TAG_BYTES
SIZES = st.one_of(
    st.integers(0, 40), st.builds(lambda n, d: max(n * CHUNK + d, 0), st.integers(0, 3), st.integers(-2, 2))
)


async def pieces(stored: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(stored), size):
        yield stored[at : at + size]


async def opened(stored: bytes, size: int, start: int, end: int, piece: int = 50_000) -> bytes:
    first, behind = stored_span(size, start, end)
    found = open_span(KEY, pieces(stored[first:behind], piece), size, start, end)
    return b"".join([part async for part in found])


@settings(max_examples=60, deadline=None)
@given(size=SIZES, data=st.data())
async def test_any_part_is_opened_by_itself(size: int, data: st.DataObject) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    content = content[:size]
    stored = seal_content(KEY, content)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size + 5))
    piece = data.draw(st.sampled_from([999, CHUNK, 1 << 20]))
    assert await opened(stored, size, start, end, piece) == content[start:end]


@settings(max_examples=60, deadline=None)
@given(size=SIZES, data=st.data())
async def test_a_file_is_sealed_as_its_content_is_and_any_part_of_it_is_opened(
    size: int, data: st.DataObject
) -> None:
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    file = io.BytesIO(content)
    file.seek(data.draw(st.integers(0, size)))  # wherever who has read it before has left it
    sealed = list(seal_file(KEY, file))
    assert b"".join(sealed) == seal_content(KEY, content)
    assert max(map(len, sealed)) <= STORED
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size + 5))
    assert await opened(b"".join(sealed), size, start, end) == content[start:end]


async def test_pieces_come_as_large_as_they_are_stored() -> None:
    size = 40 * CHUNK + 3
    found = open_span(KEY, pieces(seal_content(KEY, bytes(size)), 1 << 20), size, 0, size)
    sizes = [len(piece) async for piece in found]
    assert sizes == [15 * CHUNK, 16 * CHUNK, 9 * CHUNK, 3]


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK, 2 * CHUNK + 7])
async def test_nothing_can_be_changed_swapped_cut_off_or_left_out(size: int) -> None:
    stored = seal_content(KEY, bytes(size))
    assert await opened(stored, size, 0, size) == bytes(size)
    wrong = [bytes((stored[0] ^ 1,)) + stored[1:], stored[:-1], stored + b"\0", b""]
    if size > CHUNK:
        wrong += [stored[STORED:], stored[:STORED], stored[STORED : 2 * STORED] + stored[:STORED]]
    for bad in wrong:
        with pytest.raises(Tampered):
            b"".join([part async for part in open_span(KEY, pieces(bad, 1_000), size, 0, size)])
