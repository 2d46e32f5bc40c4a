"""A message as weighted features: words, their pairs near each other, and runs of letters within words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import Stemmer
from numpy.typing import NDArray

TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[?!$€£]")
LETTERS = range(2, 6)  # lengths of the runs of letters
KINDS = {"w": 1.0, "s": 0.5, "c": 1.0}  # words and neighbours; words one or two apart; runs of letters
LONGEST_MESSAGE = 4000  # characters that are read of a message

Floats: TypeAlias = NDArray[np.floating[Any]]
Places: TypeAlias = NDArray[np.int64]


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    return str(Stemmer.Stemmer("english").stemWord(word))


def features(message: str) -> Iterator[str]:
    """The features of a message, each as often as it occurs; the first letter says of which kind."""
    tokens = TOKEN.findall(message[:LONGEST_MESSAGE].lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    stems = ["<", *map(_stem, tokens), ">"] if tokens else []
    yield from (f"w{one}" for one in stems)
    for place, one in enumerate(stems):
        for step, other in enumerate(stems[place + 1 : place + 4]):
            yield f"w{one} {other}" if step == 0 else f"s{one} {other}"
    for token in tokens:
        word = f" {token} "
        for length in LETTERS:
            for start in range(max(1, len(word) - length + 1)):
                yield f"c{word[start : start + length]}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Messages as sparse rows: row i has `columns` and `values` from `starts[i]` to `starts[i + 1]`."""

    starts: Places
    columns: Places
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, number: int) -> tuple[Places, Floats]:
        """The columns and values of one row."""
        span = slice(self.starts[number], self.starts[number + 1])
        return self.columns[span], self.values[span]

    def times(self, matrix: Floats, *, at_once: int = 256) -> Floats:
        """The product with a matrix of one row per column; `at_once` rows at a time bound the memory."""
        product = np.zeros((len(self), matrix.shape[1]), np.float32)
        for first in range(0, len(self), at_once):
            last = min(first + at_once, len(self))
            begin, end = self.starts[first], self.starts[last]
            if begin == end:
                continue
            parts = matrix[self.columns[begin:end]] * self.values[begin:end, None]
            filled = np.flatnonzero(np.diff(self.starts[first : last + 1]))
            product[first + filled] = np.add.reduceat(parts, self.starts[first:last][filled] - begin)
        return product


class Vocabulary:
    """The features that were seen in training, each with its inverse document frequency."""

    def __init__(self, names: Sequence[str], rarity: Floats) -> None:
        self.names, self.rarity = list(names), rarity
        self._places = {name: place for place, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, messages: Sequence[str], *, least: int = 1) -> Vocabulary:
        """The features that at least `least` of the messages have."""
        spread = Counter(one for message in messages for one in set(features(message)))
        names = sorted(name for name, count in spread.items() if count >= least)
        rarity = [math.log((1 + len(messages)) / (1 + spread[name])) + 1 for name in names]
        return cls(names, np.array(rarity, np.float32))

    def rows(self, messages: Sequence[str]) -> Rows:
        """The messages as rows; each kind of feature has length 1 times the weight of its kind."""
        starts, columns, values = [0], [], []
        for message in messages:
            for place, value in self._weigh(message):
                columns.append(place)
                values.append(value)
            starts.append(len(columns))
        return Rows(np.array(starts), np.array(columns, np.int64), np.array(values, np.float32))

    def _weigh(self, message: str) -> list[tuple[int, float]]:
        found: list[tuple[int, str, float]] = []
        squares = dict.fromkeys(KINDS, 0.0)
        for name, count in Counter(features(message)).items():
            place = self._places.get(name)
            if place is not None:
                value = (1 + math.log(count)) * float(self.rarity[place])
                found.append((place, name[0], value))
                squares[name[0]] += value * value
        scale = {kind: KINDS[kind] / math.sqrt(square or 1.0) for kind, square in squares.items()}
        return sorted((place, value * scale[kind]) for place, kind, value in found)
