"""Text in bytes: whether a content is text, in which encoding, and where it may be cut."""

from __future__ import annotations

import codecs
import re

HEAD = 4_096
"""Bytes of a content that tell whether it is text."""

MARKUP = frozenset({"text/html", "image/svg+xml", "application/xml"})
"""Types of text that begin with a tag."""

TEXTUAL = re.compile(
    r"text/.+|message/rfc822|application/(?:.+\+)?(?:json|xml|yaml)"
    r"|application/(?:x-)?(?:ndjson|yaml|sql|toml|sh)"
)
"""Types that only text has, but for `MARKUP`."""
_BINARY = re.compile(r"(?:image|audio|video|font)/.+|application/pdf")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNREADABLE = re.compile("[\ud800-\udfff]")
_UNITS = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}


def is_textual(media_type: str) -> bool:
    """Whether what has a media type is text."""
    return media_type in MARKUP or TEXTUAL.fullmatch(media_type) is not None


def encoding_of(media_type: str, head: bytes) -> str | None:
    """The encoding of a text that begins with `head`: at least `HEAD` bytes of it, or all; None for no text.

    What is no text by its type is text where it is UTF-8, or has no control characters: then it is read as
    UTF-8, too, and what is none is passed over. What has a zero byte is none.
    """
    textual = is_textual(media_type)
    if not textual and _BINARY.fullmatch(media_type):
        return None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if textual:
        return "utf-8"
    head = head[:HEAD]
    return "utf-8" if b"\0" not in head and (_is_utf8(head) or not _CONTROLS.search(head)) else None


def decoded(content: bytes, encoding: str) -> str:
    """A content as text of which `encoded` makes as many bytes, whatever is not in its encoding (PEP 383)."""
    return content.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def encoded(text: str, encoding: str) -> bytes:
    """A text that was `decoded`, as its bytes."""
    return text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")


def readable(text: str) -> str:
    """A text of as many characters that JSON can hold: what was not in its encoding is U+FFFD."""
    return _UNREADABLE.sub("\ufffd", text)


def cut(content: bytes | bytearray, at: int, encoding: str) -> int:
    """The last place from `at` back where a character begins."""
    unit = _UNITS.get(encoding)
    if unit is not None:
        at -= at % unit
        if unit == 2 and at >= 2:
            low = content[at + 1 if encoding == "utf-16-le" else at]
            at -= 2 if 0xDC <= low <= 0xDF else 0
        return at
    for back in range(4):
        if at - back < 0 or content[at - back] & 0xC0 != 0x80:
            return max(at - back, 0)
    return at


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character that is cut at the end is no error
    except UnicodeDecodeError:
        return False
    return True
