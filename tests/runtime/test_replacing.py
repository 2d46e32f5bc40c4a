from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.runtime.replacing import Filling, Replaced

CONTENT = b"one 1111 two 2222 three"
REPLACED = Replaced(encoding="utf-8", places=((4, 8, "<A>"), (13, 17, "<LONGER>")))
WHOLE = b"one <A> two <LONGER> three"


@given(st.lists(st.integers(0, len(CONTENT)), max_size=6))
def test_pieces_of_any_size_give_the_same_as_the_whole(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(CONTENT)]
    filling = Filling(REPLACED)
    pieces = [CONTENT[a:b] for a, b in pairwise(places)]
    assert b"".join(filling.fill(piece) for piece in pieces) == WHOLE


@given(st.integers(0, len(CONTENT)))
def test_ranges_that_meet_give_the_whole_and_none_shows_what_was_there(at: int) -> None:
    first, second = Filling(REPLACED).fill(CONTENT[:at]), Filling(REPLACED, at).fill(CONTENT[at:])
    assert first + second == WHOLE
    assert b"1" not in first + second


def test_a_wide_encoding_gets_wide_placeholders() -> None:
    replaced = Replaced(encoding="utf-16-le", places=((2, 6, "<A>"),))
    assert Filling(replaced).fill("a12b".encode("utf-16-le")).decode("utf-16-le") == "a<A>b"
