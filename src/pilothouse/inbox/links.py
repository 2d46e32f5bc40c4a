"""Links by which one person sees and decides one action, once, without signing in.

The token says which link of which tenant it is and until when. Its signature covers what the link is bound to
as well: the question, the action's digest, the addressee and the role. No part of it that decides is stored.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pilothouse.errors import NotFound, PilothouseError, Severity
from pilothouse.inbox.tables import ActionLinkRow
from pilothouse.kit.cipher import derived
from pilothouse.kit.secret import SecretSource

PATH = "/decide"
PEPPER = "pepper"
SEEN_FOR = 3_600
"""Seconds for which a page that was shown can be sent off."""

_HEAD = struct.Struct(">16sQ")
_MAC_BYTES = 32
_LONGEST = 400


class LinkUnknown(NotFound):
    """This link was not made here, or was changed."""

    code = "link_unknown"


class LinkOver(PilothouseError):
    """This link is good no more."""

    code = "link_over"
    status = 410
    severity = Severity.INFO


@dataclass(frozen=True)
class Said:
    """What a token says by itself; nothing of it counts before its signature fits the link's row."""

    link_id: UUID
    tenant_id: str
    expires: int
    mac: bytes


class LinkKeys:
    """Signs links, and knows its own again; older versions of the pepper still verify."""

    def __init__(self, source: SecretSource) -> None:
        """Derive the key from the pepper."""
        self._source = source

    async def token(self, row: ActionLinkRow) -> str:
        """The token of a link: always the same one."""
        mac = _mac((await self._keys())[0], row)
        head = _HEAD.pack(row.id.bytes, int(row.expires_at.timestamp()))
        return base64.urlsafe_b64encode(head + mac + row.tenant_id.encode()).decode().rstrip("=")

    async def fits(self, said: Said, row: ActionLinkRow) -> bool:
        """Whether a token was made for this link as it stands."""
        expires = int(row.expires_at.timestamp())
        genuine = [hmac.compare_digest(_mac(key, row), said.mac) for key in await self._keys()]
        return any(genuine) and said.expires == expires

    async def seen(self, row: ActionLinkRow, now: dt.datetime) -> str:
        """What a page with this link's action sends back: that it was shown, and when."""
        return _seen((await self._keys())[0], row, int(now.timestamp()))

    async def was_seen(self, row: ActionLinkRow, text: str, now: dt.datetime) -> bool:
        """Whether a page with this link's action was shown within the last hour."""
        at, _, _ = text.partition(".")
        if not (at.isascii() and at.isdecimal() and len(at) <= 12):
            return False
        known = [
            hmac.compare_digest(_seen(key, row, int(at)).encode(), text.encode("utf-8", "replace"))
            for key in await self._keys()
        ]
        return any(known) and 0 <= now.timestamp() - int(at) <= SEEN_FOR

    async def _keys(self) -> Sequence[bytes]:
        versions = await self._source.versions(PEPPER)
        return [derived(version.reveal(), "links that decide actions") for version in versions]


def read(token: str) -> Said:
    """What a token says; raises `LinkUnknown` for what has not the form of one."""
    raw = b""
    if len(token) <= _LONGEST and token.isascii():
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
    one_spelling = base64.urlsafe_b64encode(raw).decode().rstrip("=") == token
    tenant = raw[_HEAD.size + _MAC_BYTES :]
    if (
        not one_spelling
        or not tenant.isascii()
        or not tenant.decode("ascii", "replace").isprintable()
        or not tenant
    ):
        raise LinkUnknown(hint="Copy the whole of it.")
    id_, expires = _HEAD.unpack(raw[: _HEAD.size])
    return Said(UUID(bytes=id_), tenant.decode(), expires, raw[_HEAD.size : _HEAD.size + _MAC_BYTES])


def _mac(key: bytes, row: ActionLinkRow) -> bytes:
    bound = (row.id.hex, row.tenant_id, row.question_id.hex, row.digest, row.addressee, row.role or "")
    parts = [part.encode() for part in (*bound, str(int(row.expires_at.timestamp())))]
    return hmac.digest(key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")


def _seen(key: bytes, row: ActionLinkRow, at: int) -> str:
    return f"{at}.{hmac.digest(key, b'seen' + _mac(key, row) + str(at).encode(), 'sha256').hex()}"
