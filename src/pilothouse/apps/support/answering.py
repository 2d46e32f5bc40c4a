"""Answers in the words of the articles: sentences that fit the question, each with where it stands.

A sentence counts by how much of what the question says it covers, where a rare word says more than a common
one; its heading and title count for half. Where the best of them covers too little, nothing is answered, so
that the caller can hand over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.apps.support.knowledge import words as text
from pilothouse.apps.support.knowledge.base import Hit, KnowledgeBase

READ = 4  # documents whose sentences are looked at
MOST = 3  # sentences of an answer
NEAR, NEAR_SUPPORT = 12, 0.1  # further sentences that are told, and what each must cover of the question
SUPPORT = 0.5  # share of what the question says that the best sentence must cover
BESIDE = 0.75  # share of the best one's that a further sentence must reach
AROUND = 0.5  # what a word counts that stands in the heading or the title only
LATER = 0.02  # what a sentence loses with each document that fits better than its own
MARKS = re.compile(r"[*_`>#|]+|^\s*(?:[-+]|\d+[.)])\s+|\[([^\]]*)\]\([^)]*\)", re.MULTILINE)
END = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z]|\d)|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and its source: document, title, heading, and line from 1."""

    text: str
    document: str
    title: str
    heading: str
    line: int
    support: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences in the order in which they fit; none where the articles do not answer.

    `confidence` is the share, from 0 to 1, of what the question says that the best sentence covers, answered
    or not. `near` are further sentences that came near, the nearest first.
    """

    sentences: tuple[Sentence, ...]
    confidence: float
    near: tuple[Sentence, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is an answer."""
        return bool(self.sentences)

    def markdown(self) -> str:
        """The sentences, each followed by its source in brackets; empty where there is no answer."""
        places = (f"{one.title}, {one.heading}" if one.heading else one.title for one in self.sentences)
        return " ".join(f"{one.text} [{place}]" for one, place in zip(self.sentences, places, strict=True))


def answer(base: KnowledgeBase, question: str, *, support: float = SUPPORT) -> Answer:
    """The answer of the knowledge base to a question, with at most three sentences from one article."""
    asked = base.weights(question)
    whole = sum(asked.values())
    if not asked or whole <= 0:
        return Answer((), 0.0)
    found = [
        (sentence.support - LATER * rank, -rank, sentence)
        for rank, hit in enumerate(base.search(question, READ))
        for sentence in _sentences(base, hit, asked, whole)
    ]
    if not found:
        return Answer((), 0.0)
    best = max(found, key=lambda one: one[:2])[2]
    ordered = sorted(found, key=lambda one: one[:2], reverse=True)
    told = [one for _, _, one in ordered if one.support >= NEAR_SUPPORT]
    if best.support < support:
        return Answer((), best.support, tuple(told[:NEAR]))
    beside = [one for _, _, one in found if one.document == best.document and one is not best]
    near = [one for one in beside if one.heading == best.heading or one.support >= BESIDE * best.support]
    near = [one for one in near if one.support >= BESIDE * support]
    chosen = sorted(near, key=lambda one: (-one.support, one.line))[: MOST - 1]
    answered = (best, *chosen)
    return Answer(answered, best.support, tuple(one for one in told if one not in answered)[:NEAR])


def _sentences(base: KnowledgeBase, hit: Hit, asked: dict[str, float], whole: float) -> Sequence[Sentence]:
    """The sentences of a hit's document, each with the share of the question that it covers."""
    made: list[Sentence] = []
    for chunk in base.chunks(hit.document):
        around = set(text.words(f"{chunk.title} {chunk.heading}", base.language))
        line = chunk.first
        start = 0
        for part in END.split(chunk.text):
            start = max(start, chunk.text.find(part, start))
            plain = " ".join(MARKS.sub(r"\1", part).split())
            if len(plain) < text.SHORTEST_SENTENCE:
                continue
            inside = set(text.words(plain, base.language))
            covered = sum(
                weight * (1.0 if word in inside else AROUND if word in around else 0.0)
                for word, weight in asked.items()
            )
            at = line + chunk.text.count("\n", 0, start)
            made.append(Sentence(plain, hit.document, chunk.title, chunk.heading, at, covered / whole))
    return made
