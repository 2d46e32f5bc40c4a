"""Contents sealed in chunks, so that a part of one is opened without the rest (as STREAM does it).

Each content has a key of its own, used for nothing else. The nonce of a chunk is its number and whether it is
the last: chunks can neither change places nor be left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pilothouse.kit.cipher import TAG_BYTES, Tampered

CHUNK = 64 << 10
"""Bytes of a content in each chunk but the last."""
_STORED = CHUNK + TAG_BYTES


def seal_content(key: bytes, content: bytes) -> bytes:
    """The bytes to store for a content."""
    cipher, last = AESGCM(key), _last(len(content))
    view = memoryview(content)
    return b"".join(
        cipher.encrypt(_nonce(number, last), view[number * CHUNK : (number + 1) * CHUNK], None)
        for number in range(last + 1)
    )


def seal_file(key: bytes, file: IO[bytes]) -> Iterator[bytes]:
    """The same bytes for the content of a file of any size, in pieces; two chunks are in memory at a time.

    The file is read from its beginning, and has to be buffered: a read gives less only at its end.
    """
    cipher, number = AESGCM(key), 0
    file.seek(0)
    chunk = file.read(CHUNK)
    while following := file.read(CHUNK):
        yield cipher.encrypt(_nonce(number, number + 1), chunk, None)
        chunk, number = following, number + 1
    yield cipher.encrypt(_nonce(number, number), chunk, None)


def stored_span(size: int, start: int, end: int) -> tuple[int, int]:
    """Where, in what is stored of a content of `size` bytes, the bytes from `start` to before `end` are."""
    first, final = start // CHUNK, _last(min(end, size))
    return first * _STORED, min((final + 1) * _STORED, size + (_last(size) + 1) * TAG_BYTES)


async def open_span(
    key: bytes, stored: AsyncIterator[bytes], size: int, start: int, end: int
) -> AsyncIterator[bytes]:
    """The bytes from `start` to before `end` of a content of `size` bytes, in pieces as large as the stored.

    `stored` are the bytes of its `stored_span`. Raises `Tampered` where they are not those that were sealed.
    """
    cipher, last, number, held = AESGCM(key), _last(size), start // CHUNK, bytearray()
    end = min(end, size)
    async for piece in stored:
        held += piece
        opened = bytearray()
        while len(held) >= _STORED:
            opened += _part(_opened(cipher, bytes(held[:_STORED]), number, last), number, start, end)
            del held[:_STORED]
            number += 1
        if opened:
            yield bytes(opened)
    if held or number <= _last(end):
        yield _part(_opened(cipher, bytes(held), number, last), number, start, end)


def _last(size: int) -> int:
    """The number of the last chunk of `size` bytes."""
    return max(size - 1, 0) // CHUNK


def _nonce(number: int, last: int) -> bytes:
    return number.to_bytes(11, "big") + bytes((number == last,))


def _opened(cipher: AESGCM, sealed: bytes, number: int, last: int) -> bytes:
    try:
        return cipher.decrypt(_nonce(number, last), sealed, None)
    except (InvalidTag, ValueError):
        raise Tampered from None


def _part(chunk: bytes, number: int, start: int, end: int) -> bytes:
    """What of a chunk lies from `start` to before `end`."""
    offset = number * CHUNK
    return chunk[max(start - offset, 0) : max(end - offset, 0)]
