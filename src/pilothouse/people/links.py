"""Links that are sent to people: signed, good once, and good for a time.

What is signed says for what and until when; the database knows only its digest. It stands behind the `#` of
an address, which browsers send to no server.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pilothouse.kit.clock import Clock
from pilothouse.kit.secret import Secret, SecretSource
from pilothouse.people.errors import LinkInvalid

_BODY = struct.Struct(">cQ32s")
_MAC_BYTES = 32


class Purpose(Enum):
    """What a link is good for, the page that it leads to, and for how long."""

    INVITATION = ("invitation", b"i", "join", dt.timedelta(days=7))
    RECOVERY = ("recovery", b"r", "reset-password", dt.timedelta(hours=1))

    def __init__(self, label: str, mark: bytes, page: str, lasts: dt.timedelta) -> None:
        self.label = label
        self.mark = mark
        self.page = page
        self.lasts = lasts


@dataclass(frozen=True)
class Link:
    """A link: what the database knows of it, and what only the person is told."""

    purpose: Purpose
    digest: bytes
    expires_at: dt.datetime
    token: str = field(repr=False, default="")

    def url(self, public_url: str) -> str:
        """The address to send."""
        return f"{public_url.rstrip('/')}/{self.purpose.page}#{self.token}"


class Links:
    """Makes links, and knows its own again."""

    def __init__(self, source: SecretSource, clock: Clock) -> None:
        """Sign with a key that is derived from the pepper; older versions of it still verify."""
        self._source = source
        self._clock = clock

    async def new(self, purpose: Purpose) -> Link:
        """A link that nobody can guess."""
        expires_at = (self._clock.now() + purpose.lasts).replace(microsecond=0)
        body = _BODY.pack(purpose.mark, int(expires_at.timestamp()), secrets.token_bytes(32))
        signed = body + _mac((await self._keys())[0], body)
        token = base64.urlsafe_b64encode(signed).decode().rstrip("=")
        return Link(purpose, hashlib.sha256(signed).digest(), expires_at, token)

    async def read(self, token: str, purpose: Purpose) -> bytes:
        """The digest of a token that was signed here for this purpose; raises `LinkInvalid`."""
        signed = _decoded(token)
        body, mac = signed[: _BODY.size], signed[_BODY.size :]
        if len(signed) != _BODY.size + _MAC_BYTES:
            raise LinkInvalid(hint="Copy the whole of it.")
        genuine = [hmac.compare_digest(_mac(key, body), mac) for key in await self._keys()]
        mark, expires, _ = _BODY.unpack(body)
        if not any(genuine) or mark != purpose.mark or expires <= self._clock.now().timestamp():
            raise LinkInvalid(hint="Ask for a new one.")
        return hashlib.sha256(signed).digest()

    async def _keys(self) -> Sequence[bytes]:
        return [_derived(version) for version in await self._source.versions("pepper")]


def _derived(pepper: Secret) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"pilothouse links to people").derive(pepper.reveal())


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def _decoded(token: str) -> bytes:
    """The bytes of a token in its one spelling; nothing for anything else."""
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return signed if base64.urlsafe_b64encode(signed).decode().rstrip("=") == token else b""
