"""Masks what guards found, reversibly: placeholders are keyed hashes, and a map leads back.

A placeholder is `<TYPE:hash>`. The hash is an HMAC-SHA-256 of type and text under a key of the tenant: the
same text has the same placeholder in every branch and on every replay, and another one at another tenant.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pilothouse.errors import InvalidInput
from pilothouse.guards.findings import Act, Finding

SHORTEST = 4
LITERAL = "literal"
"""The type of text that looked like a placeholder beforehand: not personal, always restored."""
PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]{0,63}):([a-z0-9]{4,52})>")
TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
MASKED_ACTS = frozenset({Act.MASK, Act.BLOCK})


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what was found in it. `originals`, the secret part, leads from placeholder to text."""

    text: str
    originals: Mapping[str, str] = field(repr=False)


def mask(
    text: str,
    findings: Iterable[Finding],
    key: bytes,
    known: Mapping[str, str] | None = None,
    *,
    literals: bool = True,
) -> Masked:
    """Replaces every finding whose action is to mask or to block; the others stay.

    `key` is the tenant's, at least 16 bytes. `known` are originals of the same run: where a placeholder
    stands for another text there, a longer one is taken. Whatever in `text` already looks like a placeholder
    is replaced too, so that nobody can write one and be given what it stands for. Without `literals` it
    stays: the text has the run's own. Findings must not overlap.
    """
    if len(key) < 16:
        raise InvalidInput("The key for placeholders is too short.", hint="Give at least 16 bytes.")
    spans = list(_spans(text, findings, literals=literals))
    taken = dict(known or {})
    names: dict[tuple[str, str], str] = {}
    originals: dict[str, str] = {}
    for kind, original in sorted({(kind, text[start:end]) for start, end, kind in spans}):
        names[kind, original] = placeholder = _placeholder(kind, original, key, taken)
        taken[placeholder] = originals[placeholder] = original
    parts: list[str] = []
    last = 0
    for start, end, kind in spans:
        parts += (text[last:start], names[kind, text[start:end]])
        last = end
    return Masked("".join([*parts, text[last:]]), originals)


def unmask(text: str, originals: Mapping[str, str], allowed: Collection[str]) -> str:
    """Puts back what placeholders stand for, where their type is among `allowed` types; leaves the others.

    What was put back is not looked at again. Placeholders that are not in `originals` stay as they are.
    """
    permitted = {one.upper() for one in allowed} | {LITERAL.upper()}

    def restored(found: re.Match[str]) -> str:
        return originals.get(found[0], found[0]) if found[1] in permitted else found[0]

    return PLACEHOLDER.sub(restored, text)


def places(text: str, masked: str, originals: Mapping[str, str]) -> tuple[tuple[int, int, str], ...]:
    """Where in `text` something is masked in `masked`: begin, end, and the placeholder that stands there.

    Placeholders that `text` has itself are none of these.
    """
    found: list[tuple[int, int, str]] = []
    longer = 0
    for place in PLACEHOLDER.finditer(masked):
        begin, original = place.start() - longer, originals.get(place[0])
        if original is not None and text.startswith(original, begin):
            found.append((begin, begin + len(original), place[0]))
            longer += len(place[0]) - len(original)
    return tuple(found)


def joined(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Both maps in one; raises `InvalidInput` where a placeholder stands for two texts."""
    if any(second.get(placeholder, original) != original for placeholder, original in first.items()):
        raise InvalidInput(
            "Two branches use one placeholder for different texts.",
            hint="Mask the later text again with the earlier map as `known`; it gets a longer placeholder.",
        )
    return {**first, **second}


def _spans(text: str, findings: Iterable[Finding], *, literals: bool) -> Iterator[tuple[int, int, str]]:
    """What is replaced, in order: findings and what looks like placeholders, joined where they meet."""
    shaped = [(*found.span(), LITERAL) for found in PLACEHOLDER.finditer(text) if literals]
    taken = [(one.start, one.end, one.type) for one in findings if one.action in MASKED_ACTS]
    current: tuple[int, int, str] | None = None
    for start, end, kind in sorted([*taken, *shaped]):
        if current is None or start >= current[1]:
            if current is not None:
                yield current
            current = (start, end, kind)
        else:
            # A finding gives its type to the whole, so that only readers who may see it see any of it.
            kept = kind if current[2] == LITERAL else current[2]
            current = (current[0], max(end, current[1]), kept)
    if current is not None:
        yield current


def _placeholder(kind: str, original: str, key: bytes, taken: Mapping[str, str]) -> str:
    """The shortest placeholder that stands for nothing else."""
    if not TYPE.fullmatch(kind):
        raise InvalidInput(
            f"{kind!r} cannot be the type of a placeholder.", hint="Use lower-case letters, digits and `_`."
        )
    digest = hmac.new(key, f"{kind}\0{original}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    name = base64.b32encode(digest).rstrip(b"=").translate(_LETTERS).decode("ascii")
    for length in range(SHORTEST, len(name) + 1, 4):
        placeholder = f"<{kind.upper()}:{name[:length]}>"
        if taken.get(placeholder, original) == original:
            return placeholder
    raise InvalidInput(f"No placeholder is left for a {kind}: 52 characters of its hash are taken.")
