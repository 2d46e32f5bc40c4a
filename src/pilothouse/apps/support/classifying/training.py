"""Trains a classifier from examples, and measures on held-out folds of them how far it can be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pilothouse.apps.support.classifying import linear, network
from pilothouse.apps.support.classifying.classifier import Classifier, calibrated
from pilothouse.apps.support.classifying.features import Floats, Places, Vocabulary

OUTSIDE = ""  # the topic of examples that are about none of the topics
FOLDS = 4
TEMPERATURES = np.geomspace(0.5, 5.0, 50)  # sharper than .5, a small clean set would claim too much


@dataclass(frozen=True, slots=True)
class Example:
    """A message and its topic, `OUTSIDE` where it is about none of them."""

    message: str
    topic: str


def train(
    examples: Iterable[Example],
    *,
    networks: int = 0,
    precision: float = 0.975,
    leaked: float = 0.08,
    folds: int = FOLDS,
    seed: int = 0,
) -> Classifier:
    """Train on `examples`; the same examples and seed give the same classifier.

    `networks` asks for so many of them beside the linear machine, which pays from some thousand examples
    on; features of a single example are then left out. The threshold is the lowest at which, on held-out
    folds, at least `precision` of the accepted messages have the right topic and at most `leaked` of the
    examples outside are accepted; where there is none, the highest seen. `folds` many times it is trained
    to find that out. Raises ValueError for fewer than two topics, or a topic with fewer examples than
    folds.
    """
    known = list(examples)
    counts = Counter(one.topic for one in known)
    topics = tuple(sorted(topic for topic in counts if topic != OUTSIDE))
    if len(topics) < 2:
        raise ValueError("A classifier needs examples of at least two topics.")
    rare = [topic for topic, count in counts.items() if count < folds]
    if rare:
        raise ValueError(f"These topics have fewer than {folds} examples: {', '.join(rare)}. Add some.")
    columns = {topic: place for place, topic in enumerate((*topics, OUTSIDE))}
    messages = [one.message for one in known]
    labels = np.array([columns[one.topic] for one in known])
    rng = np.random.default_rng(seed)
    fold_of = _folds(labels, folds, rng)
    held = np.zeros((len(known), len(topics) + (OUTSIDE in counts)), np.float32)
    for fold in range(folds):
        rest = np.flatnonzero(fold_of != fold)
        part = _fit([messages[at] for at in rest], labels[rest], topics, OUTSIDE in counts, networks, rng)
        out = np.flatnonzero(fold_of == fold)
        held[out] = part.raw(part.vocabulary.rows([messages[at] for at in out]))
    temperature = _temperature(held, labels)
    threshold = _threshold(calibrated(held, temperature), labels, len(topics), precision, leaked)
    whole = _fit(messages, labels, topics, OUTSIDE in counts, networks, rng)
    return whole.adjusted(temperature, threshold)


def _folds(labels: Places, count: int, rng: np.random.Generator) -> Places:
    """The fold of each example, with the topics spread evenly."""
    found = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        found[places] = (np.arange(len(places)) + rng.integers(count)) % count
    return found


def _fit(
    messages: Sequence[str],
    labels: Places,
    topics: tuple[str, ...],
    outside: bool,
    networks: int,
    rng: np.random.Generator,
) -> Classifier:
    vocabulary = Vocabulary.of(messages, least=2 if networks else 1)
    rows = vocabulary.rows(messages)
    classes = len(topics) + outside
    weights = linear.fit(rows, labels, classes, len(vocabulary), rng)
    made = tuple(network.fit(rows, labels, classes, len(vocabulary), rng) for _ in range(networks))
    return Classifier(topics, outside, vocabulary, weights, made)


def _temperature(held: Floats, labels: Places) -> float:
    """The temperature at which the held-out examples are most probable."""
    own = np.arange(len(labels))

    def loss(temperature: float) -> float:
        return float(-np.log(calibrated(held, temperature)[own, labels]).mean())

    return float(min(TEMPERATURES, key=loss))


def _threshold(shares: Floats, labels: Places, topics: int, precision: float, leaked: float) -> float:
    """The lowest confidence that keeps the promises on held-out examples."""
    chosen = shares[:, :topics].argmax(axis=1)
    confidence = shares[:, :topics].max(axis=1)
    inside = labels < topics
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((chosen == labels)[order] & inside[order])
    accepted = np.maximum(np.cumsum(inside[order]), 1)
    escaped = np.cumsum(~inside[order]) / max(1, int((~inside).sum()))
    good = np.flatnonzero((right / accepted >= precision) & (escaped <= leaked) & inside[order])
    return float(confidence[order[good[-1] if len(good) else 0]])
