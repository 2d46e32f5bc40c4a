"""Searching candidates: halving, what is held back, and what wins."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.evaluations.schemas import Case
from pilothouse.evaluations.searching import search, split

CASES = [Case(id=str(number)) for number in range(400)]


def test_the_same_cases_are_held_back_each_time() -> None:
    seen, held = split(CASES)
    assert split(list(reversed(CASES)))[1] == list(reversed(held))
    assert {case.id for case in seen}.isdisjoint(case.id for case in held)
    assert 120 < len(held) < 200
    assert split(CASES, seed="other")[1] != held


async def test_the_best_candidate_comes_through_and_few_are_tried_on_many_cases() -> None:
    tried = list[tuple[int, int]]()

    async def score(candidate: int, cases: Sequence[Case]) -> float:
        tried.append((candidate, len(cases)))
        return candidate / 10

    rounds = await search(list(range(8)), CASES, score)
    assert [(one.cases, len(one.scores)) for one in rounds] == [(100, 8), (200, 4), (400, 2)]
    assert rounds[-1].scores[0] == (7, 0.7)
    assert sum(cases for _, cases in tried) == 8 * 100 + 4 * 200 + 2 * 400


async def test_of_candidates_that_do_alike_the_first_stays() -> None:
    async def score(_: str, __: Sequence[Case]) -> float:
        return 0.5

    assert (await search(["in use", "new", "newer"], CASES, score))[-1].scores[0][0] == "in use"
    assert len(await search(["alone"], CASES, score)) == 1
