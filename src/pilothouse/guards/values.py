"""Scans and masks JSON values: every string, every key, and whole numbers of seven digits and more.

The name of a field counts as words beside its value: `{"ssn": "219457281"}` is found as in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from pilothouse.errors import InvalidInput
from pilothouse.guards.findings import Finding
from pilothouse.guards.masking import MASKED_ACTS, PLACEHOLDER, mask, unmask

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
NUMBER = "_number"
"""Ends the type of a placeholder that stands for a whole number, so that a number comes back."""
FEWEST_VALUE, MOST_VALUE = 10**6, 10**40
"""Whole numbers of 7 to 40 digits are scanned."""
DEEPEST = 200
"""Levels beyond which a value is refused."""
BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]")


@dataclass(frozen=True, slots=True)
class MaskedValue:
    """A value without what was found in it. `originals` leads back; it is the secret part.

    `findings` are pairs of a place (a JSON pointer of RFC 6901, with masked keys) and a finding in its text.
    """

    value: Json
    originals: Mapping[str, str] = field(repr=False)
    findings: tuple[tuple[str, Finding], ...]


class Scans(Protocol):
    """Finds things in a text: a `Detector`, or one that judges what it finds otherwise."""

    def scan(self, text: str) -> list[Finding]:
        """Everything found, in order and without overlaps."""
        ...


def mask_value(
    value: Json,
    detector: Scans,
    key: bytes,
    known: Mapping[str, str] | None = None,
    *,
    literals: bool = True,
) -> MaskedValue:
    """Masks a JSON value as `masking.mask` does a text; raises `InvalidInput` where it is too deep."""
    walk = _Masking(detector, key, dict(known or {}), literals=literals)
    masked = walk.value(value, "", "", 0)
    return MaskedValue(masked, walk.originals, tuple(walk.findings))


def unmask_value(value: Json, originals: Mapping[str, str], allowed: Collection[str]) -> Json:
    """Puts back what placeholders of the allowed types stand for, in strings and keys; numbers as numbers."""
    if isinstance(value, str):
        return _unmask_text(value, originals, allowed)
    if isinstance(value, list):
        return [unmask_value(one, originals, allowed) for one in value]
    if isinstance(value, dict):
        return {
            unmask(name, originals, allowed): unmask_value(one, originals, allowed)
            for name, one in value.items()
        }
    return value


def _unmask_text(text: str, originals: Mapping[str, str], allowed: Collection[str]) -> Json:
    numbers = [f"{one}{NUMBER}" for one in allowed]
    found = PLACEHOLDER.fullmatch(text)
    if found and found[1].lower() in numbers and text in originals:
        return int(originals[text])
    return unmask(text, originals, [*allowed, *numbers])


class _Masking:
    """One walk through a value; collects the way back and what was found."""

    def __init__(self, detector: Scans, key: bytes, known: dict[str, str], *, literals: bool) -> None:
        self._detector, self._key, self._known, self._literals = detector, key, known, literals
        self.originals: dict[str, str] = {}
        self.findings: list[tuple[str, Finding]] = []

    def value(self, value: Json, name: str, place: str, depth: int) -> Json:
        """The value without what is found in it; `name` is the nearest field's, `place` its pointer."""
        if depth > DEEPEST:
            raise InvalidInput(
                f"The value is nested more than {DEEPEST} levels deep.", hint="Send it flatter."
            )
        if isinstance(value, str):
            return self._text(value, name, place)
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._number(value, name, place)
        if isinstance(value, list):
            return [self.value(one, name, f"{place}/{at}", depth + 1) for at, one in enumerate(value)]
        if isinstance(value, dict):
            return self._object(value, place, depth)
        return value

    def _object(self, value: dict[str, Json], place: str, depth: int) -> Json:
        masked: dict[str, Json] = {}
        for name, one in value.items():
            shown = self._text(name, "", place)
            inner = f"{place}/{shown.replace('~', '~0').replace('/', '~1')}"
            masked[shown] = self.value(one, name, inner, depth + 1)
        return masked

    def _text(self, text: str, name: str, place: str) -> str:
        return self._masked(text, self._found(text, name, place))

    def _number(self, number: int, name: str, place: str) -> Json:
        if not FEWEST_VALUE <= abs(number) < MOST_VALUE:
            return number
        text = str(number)
        found = [one for one in self._found(text, name, place) if one.action in MASKED_ACTS]
        if not found:
            return number
        surest = max(found, key=lambda one: one.confidence)
        return self._masked(text, [surest._replace(type=surest.type + NUMBER, start=0, end=len(text))])

    def _found(self, text: str, name: str, place: str) -> list[Finding]:
        """What is found in a text behind the words of its field's name, in places of the text itself."""
        before = f"{BORDER.sub(' ', name)}: " if name else ""
        shift = len(before)
        found = [
            one._replace(start=max(one.start - shift, 0), end=one.end - shift)
            for one in self._detector.scan(before + text)
            if one.end > shift
        ]
        self.findings += [(place, one) for one in found]
        return found

    def _masked(self, text: str, found: list[Finding]) -> str:
        done = mask(text, found, self._key, self._known, literals=self._literals)
        self._known.update(done.originals)
        self.originals.update(done.originals)
        return done.text
