"""The stable hash: always the same place, another one under each name, and all places alike."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.kit.share import share


def test_a_subject_always_stands_at_the_same_place() -> None:
    assert share("new", "acme") == share("new", "acme")
    assert share("new", "acme").quantize(Decimal("0.0001")) == Decimal("65.5473")


def test_places_are_spread_evenly_and_differ_by_name() -> None:
    places = [share("a", str(number)) for number in range(4_000)]
    assert all(0 <= place < 100 for place in places)
    tenths = [sum(place // 10 == tenth for place in places) for tenth in range(10)]
    assert all(330 < count < 470 for count in tenths)
    assert sum(share("a", str(n)) < 30 and share("b", str(n)) < 30 for n in range(4_000)) < 440
