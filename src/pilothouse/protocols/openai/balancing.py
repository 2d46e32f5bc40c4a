"""In which order the models behind a name are tried, and how equal ones share the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from random import Random

from pilothouse.llm.service import Route


class Balance:
    """Knows how many calls each route has under way.

    Routes are tried as they are listed. Neighbours that have the same model at several providers are equals:
    of two that are drawn the one with fewer calls under way comes first (M. Mitzenmacher, "The Power of Two
    Choices in Randomized Load Balancing", 2001), and the others of them before the next model.
    """

    def __init__(self, random: Random) -> None:
        """Draw by `random`."""
        self._random = random
        self.under_way: Counter[str] = Counter()

    def order(self, routes: Sequence[Route]) -> Sequence[Route]:
        """The routes in the order in which they are to be tried now."""
        if len(routes) == 1:
            return routes
        return [route for _, group in groupby(routes, _model) for route in self._shuffled(list(group))]

    @contextmanager
    def taken(self, route: Route) -> Iterator[None]:
        """A call is under way as long as the block lasts."""
        self.under_way[route.id] += 1
        try:
            yield
        finally:
            self.under_way[route.id] -= 1
            if not self.under_way[route.id]:
                del self.under_way[route.id]

    def _shuffled(self, equals: list[Route]) -> list[Route]:
        if len(equals) == 1:
            return equals
        drawn = self._random.sample(equals, 2)
        first = min(drawn, key=lambda route: self.under_way[route.id])
        others = sorted((one for one in equals if one is not first), key=lambda one: self.under_way[one.id])
        return [first, *others]


def _model(route: Route) -> str:
    return route.model
