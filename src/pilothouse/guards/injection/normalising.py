"""A text as the scorer reads it: folded, split into passages, decoded, with its tricks counted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pilothouse.guards.injection.characters import Folded, fold
from pilothouse.guards.injection.decoding import decoded, plainer
from pilothouse.guards.injection.markup import hidden
from pilothouse.guards.injection.reading import Passage, passages


class Found(NamedTuple):
    """One passage, where it stands in the folded text, and whether it was hidden or encoded there.

    What was decoded has the place of its whole segment in the original text instead (`original` is true).
    """

    passage: Passage
    start: int
    end: int
    hidden: bool = False
    original: bool = False


@dataclass(frozen=True)
class Normalised:
    """A folded text, its passages (what was decoded comes last), and how often each trick was found in it.

    Tricks: `zero_width`, `bidirectional`, `tagged`, `look_alike`, `leetspeak`, `hidden`, and `decoded` with
    the kinds of encoding as `decoded_base64` and so on.
    """

    folded: Folded
    found: tuple[Found, ...]
    tricks: Mapping[str, int]


def normalise(text: str) -> Normalised:
    """Normalises a text. Time and space are linear in its length; nothing raises."""
    folded = fold(text)
    plain, leet = plainer(folded.text)
    tricks = {
        "zero_width": folded.zero_width,
        "bidirectional": folded.bidirectional,
        "tagged": folded.tagged,
        "look_alike": folded.look_alike,
        "leetspeak": leet,
    }
    spans = sorted((span.start, span.end) for span in hidden(plain))
    starts = [start for start, _ in spans]
    found: list[Found] = []
    for passage in passages(plain):
        at = bisect_right(starts, passage.start) - 1 if starts else -1
        unseen = at >= 0 and spans[at][1] > passage.start
        found.append(Found(passage, passage.start, passage.end, unseen))
    tricks["hidden"] = len(spans)
    for segment in decoded(text):
        tricks["decoded"] = tricks.get("decoded", 0) + 1
        name = f"decoded_{segment.kind}"
        tricks[name] = tricks.get(name, 0) + 1
        inner = passages(fold(segment.text).text)
        found += [Found(passage, segment.start, segment.end, original=True) for passage in inner]
    return Normalised(folded, tuple(found), {name: count for name, count in tricks.items() if count})
