"""Scripts and shell commands that do harm where a text is shown or run.

The confidences are judgement, not measured. Each is how rarely the construct stands in harmless
text of a support desk: documentation quotes them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Construct:
    """One construct: `sign`, a literal in lower case without which it cannot occur, and its pattern."""

    type: str
    sign: str
    pattern: re.Pattern[str]
    confidence: float


@dataclass(frozen=True)
class Place:
    """Where a construct stands in a text."""

    type: str
    start: int
    end: int
    confidence: float


CONSTRUCTS = (
    Construct("script", "<script", re.compile(r"<script\b[^<>]{0,300}>", re.IGNORECASE), 0.8),
    Construct(
        "script",
        "javascript",
        re.compile(
            r"(?:href|src|action|data|\()\s{0,4}=?\s{0,4}[\"']?\s{0,4}javascript\s{0,4}:", re.IGNORECASE
        ),
        0.85,
    ),
    Construct(
        "script",
        "<",
        re.compile(
            r"<\w{1,16}\b[^<>]{0,300}?[\s/\"']on(?:error|load|click|mouse\w{2,6}|focus|toggle|begin|start)\s{0,4}=",
            re.IGNORECASE,
        ),
        0.85,
    ),
    Construct(
        "script", "<iframe", re.compile(r"<iframe\b[^<>]{0,300}?\b(?:srcdoc|src)\s{0,4}=", re.IGNORECASE), 0.6
    ),
    Construct("script", "data:text/html", re.compile(r"data:text/html[^,\s]{0,60},", re.IGNORECASE), 0.75),
    Construct(
        "script",
        "document.cookie",
        re.compile(r"document\.cookie|localstorage\.getitem\([^)]{0,60}\)[^;]{0,80}fetch\(", re.IGNORECASE),
        0.7,
    ),
    Construct(
        "shell",
        "rm ",
        re.compile(
            r"\brm\s{1,4}-(?:[a-z]{0,6}r[a-z]{0,6}f|[a-z]{0,6}f[a-z]{0,6}r)[a-z]{0,6}\s{1,4}(?:--no-preserve-root\s{1,4})?[~/*$]",
            re.IGNORECASE,
        ),
        0.75,
    ),
    Construct(
        "shell",
        "|",
        re.compile(r"\b(?:curl|wget)\b[^|\n]{1,300}\|\s{0,4}(?:sudo\s{1,4})?(?:ba|z|da)?sh\b", re.IGNORECASE),
        0.65,
    ),
    Construct("shell", "/dev/tcp", re.compile(r"/dev/tcp/[\w.$-]{1,100}/\d{1,5}", re.IGNORECASE), 0.95),
    Construct(
        "shell",
        "/bin/",
        re.compile(
            r"\bnc(?:at)?\s{1,4}(?:-[a-z]{1,6}\s{1,4}){0,3}-[a-z]{0,4}e[a-z]{0,4}\s{1,4}/bin/\w{2,5}",
            re.IGNORECASE,
        ),
        0.95,
    ),
    Construct(
        "shell",
        "/etc/",
        re.compile(
            r"\b(?:cat|less|head|cp|curl|scp)\b[^\n]{0,80}/etc/(?:passwd|shadow|sudoers)\b", re.IGNORECASE
        ),
        0.8,
    ),
    Construct(
        "shell",
        "powershell",
        re.compile(
            r"powershell(?:\.exe)?\b[^\n]{0,100}?\s-e(?:nc|ncodedcommand|c)?\s{1,4}[a-z0-9+/=]{16,}",
            re.IGNORECASE,
        ),
        0.9,
    ),
    Construct(
        "shell",
        "iex",
        re.compile(r"\biex\b[^\n]{0,60}(?:downloadstring|invoke-webrequest|iwr)\b", re.IGNORECASE),
        0.9,
    ),
    Construct(
        "shell",
        "base64",
        re.compile(
            r"\bbase64\s{1,4}(?:-d|--decode|-D)\b[^\n|]{0,100}\|\s{0,4}(?:ba|z|da)?sh\b", re.IGNORECASE
        ),
        0.9,
    ),
    Construct("shell", ":(){", re.compile(r":\(\)\s{0,2}\{\s{0,2}:\|:&\s{0,2}\};:", re.IGNORECASE), 0.95),
    Construct("shell", "__import__", re.compile(r"__import__\([\"']os[\"']\)", re.IGNORECASE), 0.75),
    Construct(
        "shell",
        "os.system",
        re.compile(r"os\.system\([\"'][^\"'\n]{0,60}(?:rm |curl |wget |nc )", re.IGNORECASE),
        0.75,
    ),
    Construct(
        "shell",
        "chmod",
        re.compile(r"\bchmod\s{1,4}(?:[ugoa]*\+[rwx]*s|[0-7]?777)\s{1,4}/(?:\s|bin|etc|usr)", re.IGNORECASE),
        0.7,
    ),
    Construct("shell", "mkfs", re.compile(r"\bmkfs(?:\.\w{2,6})?\s{1,4}/dev/", re.IGNORECASE), 0.85),
    Construct(
        "shell",
        "of=/dev/",
        re.compile(r"\bdd\s{1,4}if=/dev/(?:zero|random|urandom)\s{1,4}of=/dev/", re.IGNORECASE),
        0.85,
    ),
)


def code(text: str) -> Iterator[Place]:
    """The harmful constructs of a text, in the order of `CONSTRUCTS`."""
    lower = text.lower()
    for one in CONSTRUCTS:
        if one.sign in lower:
            for found in one.pattern.finditer(text):
                yield Place(one.type, found.start(), found.end(), one.confidence)
