"""AES-256-GCM as everything here uses it: a key of its own for each value, bound to where the value stands.

The key of a value is derived from 96 random bits, and its nonce is 96 more, so that one key may seal any
number of values (as XAES-256-GCM does, there with a derivation by CMAC).
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
"""Bytes of a key."""
NONCE_BYTES = 24
"""Random bytes that stand before what is sealed."""
TAG_BYTES = 16
OVERHEAD = NONCE_BYTES + TAG_BYTES
"""Bytes by which a sealed value is longer."""

_HALF = NONCE_BYTES // 2
_PURPOSE = b"pilothouse value"


class Tampered(ValueError):
    """What is to be opened is not what was sealed with this key for this place."""


def new_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(KEY_BYTES)


def bound(*parts: str | bytes) -> bytes:
    """Associated data that says `parts`, and that no other parts say."""
    written = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in written)


def derived(key: bytes, *purpose: str | bytes) -> bytes:
    """The key for one purpose, from a key of 32 bytes or more (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=bound(*purpose)).derive(key)


def seal(key: bytes, place: bytes, value: bytes) -> bytes:
    """`value` sealed with `key`; only who says the same `place` opens it. `OVERHEAD` bytes longer."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(key, nonce).encrypt(nonce[_HALF:], value, place)


def unseal(key: bytes, place: bytes, sealed: bytes) -> bytes:
    """What was sealed with `key` for `place`; raises `Tampered` where it was not, or was changed."""
    if len(sealed) < OVERHEAD:
        raise Tampered
    nonce = sealed[:NONCE_BYTES]
    try:
        return _cipher(key, nonce).decrypt(nonce[_HALF:], sealed[NONCE_BYTES:], place)
    except InvalidTag:
        raise Tampered from None


def _cipher(key: bytes, nonce: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, _PURPOSE + nonce[:_HALF], "sha256"))
