"""Changes that are based on what was read: the `If-Match` header (RFC 9110, 13.1.1)."""

from __future__ import annotations


def is_current(etag: str, if_match: str | None) -> bool:
    """Whether an `If-Match` header names `etag`, quotes and all; without the header everything is current."""
    named = {item.strip() for item in (if_match or "*").split(",")}
    return bool(named & {"*", etag})
