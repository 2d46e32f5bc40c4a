"""How well each document and each of its chunks fits a query: signals scaled to 1 and added up.

A support message is long and says several things. So the whole of it is matched against chunks, and each of
its sentences against documents, where the squares of the scores are added: a document that fits one
sentence well comes before one that fits all of them a little. Then two signals that start from what was
found: documents that resemble the best ones (Rocchio's feedback), and documents that share an identifier,
such as the name of a form or a procedure, with them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from pilothouse.apps.support.knowledge import words as text
from pilothouse.apps.support.knowledge.documents import Chunk
from pilothouse.apps.support.knowledge.postings import Floats, Postings, counted
from pilothouse.apps.support.knowledge.spelling import Spelling

TITLE, HEADING, BODY = 3.0, 1.0, 1.0  # weights of fields
FEEDBACK, REFERENCES = 0.2, 0.5  # weights, where the signals they start from have 1
BEST = 5  # documents that feedback and references start from
FEEDBACK_TERMS = 60
LIKEWISE = 0.3  # what a word counts that means the same as one of the query
REPEATED = 2  # a term said more often in a message counts as said so often
LONGEST_QUERY = 6000  # characters that are read of a query
IDENTIFIER = re.compile(r"\b(?=\w*[^\W\d_])_*[^\W_]+(?:_+[^\W_]+)+_*\b|\b[a-z]{2,}-\d{2,}\b")
SHARED_BY = 8  # an identifier in more documents than these refers to nothing in particular


class Ranking:
    """Everything that is computed once from the chunks of all documents."""

    def __init__(self, documents: Sequence[tuple[str, Sequence[Chunk]]], language: str) -> None:
        self.language = language
        self.names = [name for name, _ in documents]
        self.chunks = [chunk for _, chunks in documents for chunk in chunks]
        self.starts = np.cumsum([0, *(len(chunks) for _, chunks in documents)])
        by_chunk: list[Mapping[str, float]] = []
        by_document: list[Mapping[str, float]] = []
        for _, chunks in documents:
            titles = self._count(chunks[0].title, TITLE)
            whole = titles.copy()
            for chunk in chunks:
                own = self._count(chunk.heading, HEADING) + self._count(chunk.text, BODY)
                by_chunk.append(own + titles)
                whole.update(own)
            by_document.append(whole)
        self.by_chunk, self.by_document = Postings(by_chunk), Postings(by_document)
        self.vocabulary = {term for unit in by_document for term in unit}
        self._spelling = Spelling(term for term in self.vocabulary if " " not in term)
        self._vectors = [self._vector(unit) for unit in by_document]
        self._identifiers, self._sharing = self._references(documents)

    def _count(self, field: str, weight: float) -> Counter[str]:
        count = Counter(text.terms(text.words(field, self.language)))
        return Counter({term: n * weight for term, n in count.items()})

    def _vector(self, unit: Mapping[str, float]) -> dict[str, float]:
        """The strongest terms of a document, as a vector of length 1."""
        rarity = self.by_document.rarity
        weights = {term: (1 + math.log(n)) * rarity[term] for term, n in unit.items()}
        norm = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        strongest = sorted(weights, key=lambda term: (-weights[term], term))[: 2 * FEEDBACK_TERMS]
        return {term: weights[term] / norm for term in strongest}

    @staticmethod
    def _references(
        documents: Sequence[tuple[str, Sequence[Chunk]]],
    ) -> tuple[list[list[str]], dict[str, list[int]]]:
        """The identifiers of each document that few share, and for each of them the documents."""
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for place, (_, chunks) in enumerate(documents):
            names = {name for chunk in chunks for name in IDENTIFIER.findall(chunk.text.lower())}
            for name in sorted(names):
                holders[name].append(place)
        sharing = {name: places for name, places in holders.items() if 1 < len(places) <= SHARED_BY}
        identifiers: list[list[str]] = [[] for _ in documents]
        for name, places in sharing.items():
            for place in places:
                identifiers[place].append(name)
        return identifiers, sharing

    def scores(self, query: str) -> tuple[Floats, Floats]:
        """The scores of documents, from 0 to about 1.8, and the BM25 scores of chunks; both by place."""
        parts = text.sentences(query[:LONGEST_QUERY]) or [query[:LONGEST_QUERY]]
        asked = [text.terms(self._spelled(part)) for part in parts]
        whole = self._widened(counted((term for part in asked for term in part), REPEATED))
        chunks: Floats = self.by_chunk.scores([whole])[0]
        apart = self.by_document.scores([self._widened(counted(part, 1)) for part in asked])
        if not chunks.any():
            return np.zeros(len(self.names)), chunks
        found = _scaled(self._best(chunks) + _scaled((apart**2).sum(axis=0)))
        found = _scaled(found + FEEDBACK * _scaled(self._like(_top(found, BEST))))
        return found + REFERENCES * self._referred(_top(found, BEST), found), chunks

    def weights(self, question: str) -> dict[str, float]:
        """The stems of a question, each with its rarity; one that no article has is as rare as can be."""
        rarity = self.by_document.rarity
        unseen = math.log(2 + 2 * len(self.names))
        stems = self._spelled(question[:LONGEST_QUERY])
        return {one: rarity.get(one, unseen) for one in stems}

    def _best(self, chunks: Floats) -> Floats:
        """The greatest value of each document's chunks, scaled."""
        return _scaled(np.maximum.reduceat(chunks, self.starts[:-1]))

    def _spelled(self, sentence: str) -> list[str]:
        """The stems of a sentence, those that no article has replaced by the nearest ones that it has."""
        stems: list[str] = []
        for one in text.words(sentence, self.language):
            nearest = [] if one in self.vocabulary else self._spelling.nearest(one)
            stems += [word for word, _ in nearest] or [one]
        return stems

    def _widened(self, asked: dict[str, float]) -> dict[str, float]:
        """The terms of a query and, for less, the words that mean the same as one of them."""
        groups = text.likewise(self.language)
        others = {other: LIKEWISE for one in asked for other in groups.get(one, ())}
        return {**others, **asked}

    def _like(self, places: Sequence[int]) -> Floats:
        """How much each document resembles the given ones together."""
        middle: defaultdict[str, float] = defaultdict(float)
        for place in places:
            for term, weight in self._vectors[place].items():
                middle[term] += weight
        strongest = sorted(middle, key=lambda term: (-middle[term], term))[:FEEDBACK_TERMS]
        like: Floats = self.by_document.scores([{term: middle[term] for term in strongest}])[0]
        return like

    def _referred(self, places: Sequence[int], found: Floats) -> Floats:
        """0 to 1 for each document: how far it shares identifiers with the given ones."""
        shares = np.zeros(len(self.names))
        for place in places:
            for name in self._identifiers[place]:
                holders = self._sharing[name]
                shares[holders] += found[place] / len(holders)
        return np.minimum(shares, 1.0)


def _scaled(signal: Floats) -> Floats:
    """The signal with 1 as its greatest value."""
    return signal / (signal.max() or 1.0)


def _top(signal: Floats, count: int) -> list[int]:
    """The places of the greatest values, the first of equals first."""
    return [int(place) for place in np.argsort(-signal, kind="stable")[:count]]
