"""The secrets of webhooks and the signatures made with them, as Standard Webhooks says.

What is signed is `{id}.{timestamp}.{body}` by HMAC-SHA-256; the header has one `v1,` signature for each
secret that is in use (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterable
from uuid import UUID

PREFIX = "whsec_"
SECRET_BYTES = 32
VERSION = "v1"


def new_secret() -> str:
    """A secret that nobody can guess, as receivers are given it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message_id(delivery_id: UUID) -> str:
    """What a delivery is called at every attempt, so that a receiver knows it again."""
    return f"msg_{delivery_id.hex}"


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """One signature of a message that is sent at a time, in seconds since 1970."""
    signed = f"{message}.{timestamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return f"{VERSION},{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def headers(known: Iterable[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a message, signed with each of the `known` secrets."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, message, timestamp, body) for secret in known),
    }
