"""Bytes that are passed on only if they are those that a digest was made of."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator


async def verified(pieces: AsyncIterator[bytes], sha256: str, damage: Exception) -> AsyncIterator[bytes]:
    """The same pieces, the last one only if all of them have the digest; raises `damage` otherwise.

    Who receives them thus never has the whole of what is damaged.
    """
    digest, held = hashlib.sha256(), b""
    async for piece in pieces:
        if held:
            yield held
        digest.update(piece)
        held = piece
    if digest.hexdigest() != sha256:
        raise damage
    yield held
