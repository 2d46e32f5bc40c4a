"""Names of files as people are shown them: one line, and no path."""

from __future__ import annotations

import re
from urllib.parse import quote

from pilothouse.kit.text import safe_line

LONGEST = 200
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_UNSAFE = re.compile(r'[^ -~]|["\\%]')
_ATTR_CHAR = "!#$&+-.^_`|~"  # what RFC 8187 leaves unescaped besides letters and digits


def display_name(sent: str) -> str:
    """The last part of a name that a client sent, as one line without what file systems give a meaning."""
    last = re.split(r"[/\\]", sent[-4_000:])[-1]
    name = _FORBIDDEN.sub("_", safe_line(last, 4_000)).strip(". ")
    if len(name) > LONGEST:
        stem, dot, suffix = name.rpartition(".")
        ending = dot + suffix if stem and len(suffix) <= 16 else ""
        name = name[: LONGEST - len(ending)] + ending
    return name or "upload"


def attachment(name: str) -> str:
    """The `Content-Disposition` (RFC 6266) by which a browser saves a content and never shows it."""
    plain = _UNSAFE.sub("_", name)
    real = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR, errors='replace')}"
    return f'attachment; filename="{plain}"{real}'
