"""One rule for findings that overlap: the surer stays, else the longer, else the earlier."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple


class Candidate(NamedTuple):
    """What one rule has found, in places of the plain form; `order` is the rule's place among all."""

    type: str
    start: int
    end: int
    confidence: float
    order: int


def resolved(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those that stay, in the order of the text; no two of them share a character."""
    kept: list[Candidate] = []
    meeting: list[Candidate] = []
    reach = 0
    for one in sorted(candidates, key=attrgetter("start")):
        if one.start >= reach and meeting:
            kept += meeting if len(meeting) == 1 else _chosen(meeting)
            meeting = []
        meeting.append(one)
        reach = max(reach, one.end)
    return kept + _chosen(meeting)


def _chosen(meeting: list[Candidate]) -> list[Candidate]:
    """Those that stay of some of which each meets another, in order."""
    ranked = sorted(meeting, key=lambda one: (-one.confidence, one.start - one.end, one.start, one.order))
    starts: list[int] = []
    kept: list[Candidate] = []
    for one in ranked:
        at = bisect_right(starts, one.start)
        if (at and kept[at - 1].end > one.start) or (at < len(kept) and kept[at].start < one.end):
            continue
        starts.insert(at, one.start)
        kept.insert(at, one)
    return kept
