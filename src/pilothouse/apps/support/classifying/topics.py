"""The topics of a shop: the classifier that ships, and how it is made from the examples beside it.

`build` trains it again: call it after each change of topics.toml.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from pilothouse.apps.support.classifying.classifier import Classifier
from pilothouse.apps.support.classifying.training import OUTSIDE, Example, train

FOLDER = Path(__file__).parent
FILE = FOLDER / "topics.npz"
OTHER = "other"  # the topic of messages that are about none of the others
PRECISION, LEAKED = 0.9, 0.1  # of accepted messages, and of others: what some hundred examples can carry


@lru_cache(maxsize=1)
def shop_topics() -> Classifier:
    """The classifier that ships, read once."""
    return Classifier.load(FILE)


def examples(folder: Path = FOLDER) -> list[Example]:
    """The messages of topics.toml; those about something else are outside."""
    topics = tomllib.loads((folder / "topics.toml").read_text(encoding="utf-8"))
    return [
        Example(message, OUTSIDE if topic == OTHER else topic)
        for topic, messages in topics.items()
        for message in messages
    ]


def build(path: Path = FILE) -> None:
    """Train on the examples and write the classifier."""
    train(examples(), precision=PRECISION, leaked=LEAKED).save(path)
