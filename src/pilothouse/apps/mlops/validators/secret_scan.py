"""Looks for credentials: known formats of providers, and assignments of random-looking text to telling names.

The formats are those the providers publish: AWS access key ids
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html), GitHub tokens
(https://github.blog/engineering/behind-githubs-new-authentication-token-formats/), Google API keys,
Slack, Stripe.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted

KNOWN = {
    "aws-access-key-id": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "github-token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,90})"),
    "gitlab-token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}"),
    "google-api-key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "slack-token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,72}"),
    "stripe-key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,99}"),
    "openai-or-anthropic-key": re.compile(r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,120}"),
    "huggingface-token": re.compile(r"\bhf_[A-Za-z0-9]{34}"),
    "azure-storage-key": re.compile(r"AccountKey=[A-Za-z0-9+/]{86}=="),
    "private-key": re.compile(r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----"),
    "json-web-token": re.compile(
        r"\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,800}\.[A-Za-z0-9_-]{10,400}"
    ),
    "password-in-url": re.compile(
        r"\b[a-z][a-z0-9+]{1,20}://[^\s:/@\"'$<>{}]{1,64}:([^\s:/@\"'$<>{}]{3,64})@"
    ),
}
"""Rule to pattern; every repetition is bounded, so that no text takes more than linear time."""

_NAMES = "secret|token|passw(?:or)?d|api_?key|private_?key|access_?key|credential"
_NAME = re.compile(_NAMES, re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?i)(?:{_NAMES})"
    r"[\w.-]{0,40}[\"']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}[\"']([^\"'\s]{8,200})[\"']"
)
_HARMLESS = re.compile(
    r"(?i)example|placeholder|change[-_]?me|your[-_]|dummy|redacted|test|x{4,}|0{8,}|<|\$\{|\{\{|\$\("
)
_DIGEST = re.compile(r"(?i)(?:sha(?:256|384|512)[:-])?[a-f0-9]{64}$|sha\d{3}-[A-Za-z0-9+/=]{40,100}$")
_LEGIBLE = re.compile(
    r"[a-z]{1,20}(?:[-_./:][a-z0-9]{1,20}){0,12}$|[A-Z]{1,20}(?:_[A-Z0-9]{1,20}){0,12}$|\w{1,30}://"
)

ENTROPY = 3.5
"""Bits per character from which on a value looks random; English words in lower case stay below."""

LONGEST = 4000
"""Characters of a line that are looked at: data in one line is no place for a credential somebody typed."""


def check_secrets(files: Mapping[str, bytes]) -> ValidatorResult:
    """Scan every text file; a finding never repeats the secret itself."""
    findings: list[Finding] = []
    scanned = 0
    for path in sorted(files):
        try:
            text = files[path].decode()
        except UnicodeDecodeError:
            continue
        scanned += 1
        for rule, at, message in _found(text):
            line = text.count("\n", 0, at) + 1
            findings.append(Finding(path=path, line=line, rule=rule, message=message))
    return ValidatorResult.of(
        "secrets", findings, f"{counted(scanned, 'file')} scanned for {len(KNOWN)} formats and for entropy"
    )


def _found(text: str) -> Iterator[tuple[str, int, str]]:
    """Rule, position and message of every finding in one file."""
    for rule, pattern in KNOWN.items():
        for match in pattern.finditer(text):
            if not _HARMLESS.search(match[0]):
                what = rule.replace("-", " ")
                yield (
                    rule,
                    match.start(),
                    f"This looks like a credential ({what}); keep it in a secret store.",
                )
    for begin, line in _telling(text):
        for match in _ASSIGNED.finditer(line):
            if looks_secret(match[1]):
                message = "A random-looking value is assigned to a secret's name; read it at run time."
                yield "assigned-secret", begin, message


def _telling(text: str) -> Iterator[tuple[int, str]]:
    """The lines that hold a secret's name: where they begin, and their first `LONGEST` characters."""
    at = 0
    while (found := _NAME.search(text, at)) is not None:
        begin = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.start())
        at = len(text) if end < 0 else end
        yield begin, text[begin:at][:LONGEST]


def looks_secret(value: str) -> bool:
    """Whether a value is random enough, and is no digest, placeholder, path or identifier."""
    if _HARMLESS.search(value) or _DIGEST.match(value) or _LEGIBLE.match(value):
        return False
    return len(value) >= 12 and entropy(value) >= ENTROPY and any(sign.isdigit() for sign in value)


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits per character; 0 for empty text."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
