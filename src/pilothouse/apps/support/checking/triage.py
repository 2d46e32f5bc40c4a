"""Whether a message is sorted as it may be: by known topics, in range, and no sign of urgency lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilothouse.apps.support.classifying import Urgency, shop_topics, tone
from pilothouse.apps.support.classifying.topics import OTHER
from pilothouse.apps.support.judgements import Sorted

CODE = re.compile(r"[a-z]{2}")
"""A language as ISO 639-1 writes it."""


def triage_problems(message: str, found: Sorted) -> list[str]:
    """What is wrong with how a message was sorted."""
    return [*_topics(found), *_ranges(found), *_signs(message, found)]


def _topics(found: Sorted) -> Iterator[str]:
    known = shop_topics().topics
    if found.topic not in (*known, OTHER):
        yield f"topic {found.topic[:60]!r} is not known: it is one of {', '.join(known)}, or {OTHER}"
    if found.in_scope == (found.topic == OTHER):
        yield f"in_scope is false for the topic {OTHER}, and true for every other"
    for name, _ in found.others:
        if name not in known:
            yield f"others: {name[:60]!r} is no known topic"


def _ranges(found: Sorted) -> Iterator[str]:
    if not 0 <= found.confidence <= 1:
        yield f"confidence {found.confidence} is not from 0 to 1"
    if not -1 <= found.sentiment <= 1:
        yield f"sentiment {found.sentiment} is not from -1 to 1"
    if not all(0 <= share <= 1 for _, share in found.others):
        yield "others: a share is not from 0 to 1"
    if found.language is not None and not CODE.fullmatch(found.language):
        yield f"language {found.language[:20]!r} is no code of two small letters, as en"


def _signs(message: str, found: Sorted) -> Iterator[str]:
    sound = tone(message)
    if sound.urgency is Urgency.HIGH and found.urgency is not Urgency.HIGH:
        yield f"urgency is high: the message has {', '.join(sound.signs)}"
    said = message.casefold()
    for sign in found.signs:
        if sign not in sound.signs and (not sign.strip() or sign.casefold() not in said):
            yield f"signs: {sign[:60]!r} does not stand in the message"
