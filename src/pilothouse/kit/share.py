"""Where a subject stands among all of something: the one stable hash of flags, experiments and rollouts."""

from __future__ import annotations

import hashlib
from decimal import Decimal


def share(name: str, subject: str) -> Decimal:
    """Where a subject stands among all of `name`'s, from 0 to under 100: SHA-256, so that names differ."""
    digest = hashlib.sha256(f"{name}\0{subject}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8])) * 100 / 2**64
