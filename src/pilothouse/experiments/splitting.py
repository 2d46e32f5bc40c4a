"""Who is in which arm: ranges of places, kept so that a change moves as few subjects as it can.

Each subject has a place from 0 to 9,999 (see `kit.share`); an arm has ranges of places as large as its
weight, and the control has all others. A subject changes arms only where its own arm lost weight, or where
the control gave it to an arm that gained some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pilothouse.kit.share import share

CONTROL = "control"
"""The arm that others are compared with."""

PLACES = 10_000
"""Places of an experiment: a weight is a number of them, so that it is exact to 0.01 %."""


class Range(NamedTuple):
    """The places from `start` to before `end`, which are an arm's."""

    start: int
    end: int
    arm: str


EVERYTHING = (Range(0, PLACES, CONTROL),)


def ranges_of(stored: Sequence[Sequence[object]]) -> tuple[Range, ...]:
    """The ranges, as they are stored: lists of start, end and arm."""
    return tuple(Range(int(str(start)), int(str(end)), str(arm)) for start, end, arm in stored)


def place_of(experiment: str, subject: str) -> int:
    """A subject's place among those of an experiment, always the same."""
    return int(share(experiment, subject) * (PLACES // 100))


def arm_at(ranges: Sequence[Range], place: int) -> str:
    """The arm that has a place."""
    return next((part.arm for part in ranges if part.start <= place < part.end), CONTROL)


def places_of(weight: Decimal) -> int:
    """How many places a weight in per cent is."""
    return int(weight * (PLACES // 100))


def divided(ranges: Sequence[Range], weights: Mapping[str, int]) -> list[Range]:
    """The ranges where each arm but the control has so many places of `weights`, and the control the rest.

    An arm that loses places gives up its last ones, and one that gains takes the control's first ones: what
    is taken back and given again goes to the same subjects. Raises `ValueError` for more places than there
    are.
    """
    if sum(weights.values()) > PLACES:
        message = "the weights make more than 100 %"
        raise ValueError(message)
    places = [CONTROL] * PLACES
    for part in ranges:
        places[part.start : part.end] = [part.arm] * (part.end - part.start)
    held = {name: places.count(name) for name in {*weights, *places} - {CONTROL}}
    for name, has in sorted(held.items()):
        _hand_over(places, name, CONTROL, has - weights.get(name, 0), from_the_end=True)
    for name, wanted in sorted(weights.items()):
        _hand_over(places, CONTROL, name, wanted - held.get(name, 0), from_the_end=False)
    return _joined(places)


def _hand_over(places: list[str], giver: str, taker: str, count: int, *, from_the_end: bool) -> None:
    for place in reversed(range(PLACES)) if from_the_end else range(PLACES):
        if count <= 0:
            return
        if places[place] == giver:
            places[place] = taker
            count -= 1


def _joined(places: Sequence[str]) -> list[Range]:
    found: list[Range] = []
    for place, arm in enumerate(places):
        if found and found[-1].arm == arm:
            found[-1] = found[-1]._replace(end=place + 1)
        else:
            found.append(Range(place, place + 1, arm))
    return found
