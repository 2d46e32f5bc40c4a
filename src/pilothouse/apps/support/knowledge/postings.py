"""BM25F over units (documents or chunks): which unit matches which term, and how much that says.

Fields are weighted before saturation (Robertson, Zaragoza and Taylor 2004); one length norm for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

SATURATION = 1.2  # BM25's k1
LENGTH = 0.75  # BM25's b


class Postings:
    """For each term the units that contain it, with the BM25 weight it has there."""

    def __init__(self, units: Sequence[Mapping[str, float]]) -> None:
        """`units`: for each the weighted count of its terms."""
        self.size = len(units)
        self._number: dict[str, int] = {}
        number = self._number
        terms = [number.setdefault(term, len(number)) for unit in units for term in unit]
        sizes = [len(unit) for unit in units]
        counts = np.fromiter((count for unit in units for count in unit.values()), float, len(terms))
        columns = np.array(terms, np.int64)
        rows = np.repeat(np.arange(self.size), sizes)
        lengths = np.bincount(rows, counts, self.size)
        norm = SATURATION * (1 - LENGTH + LENGTH * lengths / (lengths.mean() if lengths.any() else 1.0))
        self._spread = np.bincount(columns, minlength=len(number))
        self._rarity = np.log(1 + (self.size - self._spread + 0.5) / (self._spread + 0.5))
        weights = self._rarity[columns] * counts * (SATURATION + 1) / (counts + norm[rows])
        order = np.argsort(columns, kind="stable")
        self._rows, self._weights = rows[order], weights[order]
        self._starts = np.concatenate(([0], np.cumsum(self._spread)))

    @cached_property
    def rarity(self) -> dict[str, float]:
        """How much each term says: its inverse document frequency."""
        return dict(zip(self._number, self._rarity.tolist(), strict=True))

    def scores(self, queries: Sequence[Mapping[str, float]]) -> Floats:
        """The BM25 score of each unit (columns) for each query of weighted terms (rows)."""
        slices: list[Places] = []
        weights: list[Floats] = []
        for row, query in enumerate(queries):
            for term, factor in query.items():
                number = self._number.get(term)
                if number is not None:
                    span = slice(self._starts[number], self._starts[number + 1])
                    slices.append(self._rows[span] + row * self.size)
                    weights.append(self._weights[span] * factor)
        if not slices:
            return np.zeros((len(queries), self.size))
        cells = len(queries) * self.size
        flat = np.bincount(np.concatenate(slices), np.concatenate(weights), cells).astype(np.float64)
        return flat.reshape(len(queries), self.size)


def counted(terms: Iterable[str], most: int) -> dict[str, float]:
    """How often each term is said, `most` times at most."""
    return {term: float(min(count, most)) for term, count in Counter(terms).items()}
