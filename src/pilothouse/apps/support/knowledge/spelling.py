"""Words that no article contains, as the words they were most likely meant to be.

Likeness is the cosine between the character trigrams of two words, weighted by how rare each trigram is;
the first letter is hardly ever mistyped, so it must be the same.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from pilothouse.apps.support.knowledge.words import letters

SHORTEST = 4  # letters; anything shorter is too like everything
LIKE_ENOUGH = 0.45
LONGER = 3  # letters that two words that are alike may differ in length
MOST = 2  # words that one misspelt word may stand for


class Spelling:
    """Finds the known words that look like an unknown one."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._words = sorted(word for word in vocabulary if len(word) >= SHORTEST and word.isalpha())
        grams = [Counter(letters(word)) for word in self._words]
        spread = Counter(gram for gram_counts in grams for gram in gram_counts)
        self._weight = {gram: math.log(1 + len(self._words) / count) for gram, count in spread.items()}
        self._holders: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._norms: list[float] = []
        for place, counts in enumerate(grams):
            self._norms.append(self._norm(counts))
            for gram, count in counts.items():
                self._holders[self._words[place][0] + gram].append((place, count))

    def _norm(self, counts: Counter[str]) -> float:
        rare = math.log(1 + max(1, len(self._words)))
        return math.sqrt(sum((count * self._weight.get(gram, rare)) ** 2 for gram, count in counts.items()))

    def nearest(self, word: str) -> list[tuple[str, float]]:
        """Up to two known words that look like `word`, each with its likeness from .45 to 1; best first."""
        if len(word) < SHORTEST or not word.isalpha():
            return []
        counts = Counter(letters(word))
        dots: defaultdict[int, float] = defaultdict(float)
        for gram, count in counts.items():
            for place, other in self._holders.get(word[0] + gram, ()):
                dots[place] += count * other * self._weight[gram] ** 2
        norm = self._norm(counts)
        likeness = (
            (self._words[place], dot / (norm * self._norms[place]))
            for place, dot in dots.items()
            if abs(len(self._words[place]) - len(word)) <= LONGER
        )
        good = sorted((one for one in likeness if one[1] >= LIKE_ENOUGH), key=lambda one: (-one[1], one[0]))
        return good[:MOST]
