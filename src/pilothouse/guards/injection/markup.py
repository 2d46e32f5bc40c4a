"""What Markdown and HTML hide from a reader, and the images and links that carry data out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNSHOWN = re.compile(
    r"<\w{1,12}\b[^<>]{0,300}?(?:display ?: ?none"
    r"|visibility ?: ?hidden|font-size ?: ?[01](?:px|pt|em)?\b|opacity ?: ?0\b"
    r"|color ?: ?(?:white|#fff(?:fff)?|transparent)\b|\bhidden\b"
    r"|aria-hidden ?= ?.true)[^<>]{0,300}>[^<]{0,2000}",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"\b(?:alt|title|content|placeholder|aria-label) ?= ?(?:\"[^\"<>]{12,1000}\"|'[^'<>]{12,1000}')",
    re.IGNORECASE,
)
_IMAGE = re.compile(
    r"!\[[^\[\]\n]{0,300}\]\(\s{0,4}<?(https?://[^\s)>]{1,2000})|<img\b[^<>]{0,300}?\bsrc ?= ?[\"']?(https?://[^\s\"'<>]{1,2000})",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?<!!)\[[^\[\]\n]{0,300}\]\(\s{0,4}<?(https?://[^\s)>]{1,2000})|\bhref ?= ?[\"']?(https?://[^\s\"'<>]{1,2000})",
    re.IGNORECASE,
)
_CARRIES = re.compile(
    r"\{\{?[^{}\s]{1,60}\}|%7b|\$\{|[\[(][a-z_ ]{2,40}[\])]"
    r"|[?&](?:[a-z]{1,12}_)?(?:data|secret|password|chat|history|conversation|prompt|leak|exfil|stolen|payload|context)s?=",
    re.IGNORECASE,
)
_OPENED, _CLOSED = "<!--", "-->"


@dataclass(frozen=True)
class Span:
    """A place of a text and what it is: `comment`, `unshown`, `attribute`, `image` or `link`."""

    kind: str
    start: int
    end: int


def hidden(text: str) -> Iterator[Span]:
    """The places that a reader of the shown page does not see."""
    at = text.find(_OPENED)
    while at >= 0:
        closed = text.find(_CLOSED, at)
        end = len(text) if closed < 0 else closed + len(_CLOSED)
        yield Span("comment", at, end)
        at = text.find(_OPENED, end)
    if "<" in text:
        yield from (Span("unshown", *found.span()) for found in _UNSHOWN.finditer(text))
        yield from (Span("attribute", *found.span()) for found in _ATTRIBUTE.finditer(text))


def carriers(text: str) -> Iterator[Span]:
    """Images (fetched on showing) and links whose address has a place for data to be carried out in."""
    if "http" not in text:
        return
    for kind, pattern in (("image", _IMAGE), ("link", _LINK)):
        for found in pattern.finditer(text):
            if _CARRIES.search(found[1] or found[2]):
                yield Span(kind, *found.span())
