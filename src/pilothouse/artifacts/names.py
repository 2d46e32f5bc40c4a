"""What is said of a content so that no client is misled: its name, its type, and how it may be shown."""

from __future__ import annotations

import re
from urllib.parse import quote

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_UNSAFE = re.compile(r'[^ -~]|["\\%/:*?<>|]')
_ATTR_CHAR = "!#$&+-.^_`|~"  # what RFC 8187 leaves unescaped besides letters and digits

SHOWN_INLINE = frozenset(
    {
        *("application/json", "image/gif", "image/jpeg", "image/png", "image/svg+xml", "image/webp"),
        *("text/csv", "text/html", "text/markdown", "text/plain"),
    }
)
"""Types that a browser may show in place: nothing in them can act under `SANDBOX`."""

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A content security policy under which a content runs no script, loads nothing and has no origin."""


def media_type(stored: str) -> str:
    """The type to send: the stored one if it is one, as UTF-8 where it is text."""
    kind = stored.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(kind):
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def disposition(name: str, stored: str, *, download: bool) -> str:
    """The `Content-Disposition` (RFC 6266): inline for what may be shown, with the name in two spellings.

    `filename` is plain ASCII for old clients; `filename*` (RFC 8187) is the real name where it differs.
    """
    kind = media_type(stored).partition(";")[0]
    how = "inline" if kind in SHOWN_INLINE and not download else "attachment"
    plain = _UNSAFE.sub("_", name).strip(". ") or "artifact"
    real = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR, errors='replace')}"
    return f'{how}; filename="{plain}"{real}'
