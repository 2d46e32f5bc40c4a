"""A trained classifier: topics with calibrated probabilities, and whether a message is about any of them."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pilothouse.apps.support.classifying import linear, network
from pilothouse.apps.support.classifying.features import Floats, Rows, Vocabulary
from pilothouse.apps.support.classifying.network import Network

FORMAT = 2
SHARPNESS = 5.0  # of the margins, as probabilities
LINEAR = np.float32(0.3)  # the share of the linear machine where there are networks
READABLE = 0o644
LEAST = 1e-6  # a share that is never gone below


class UnusableClassifier(ValueError):
    """The file is not a classifier of this version."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The most probable topic of a message, and how sure that is.

    `confidence` is the calibrated probability from 0 to 1; `in_scope` is whether it reaches the threshold at
    which the classifier was as precise as asked for; `others` are the next topics with their probabilities.
    """

    topic: str
    confidence: float
    in_scope: bool
    others: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Classifier:
    """Made by `train`: `topics` in the order of the columns, `outside` whether one more is for none."""

    topics: tuple[str, ...]
    outside: bool
    vocabulary: Vocabulary
    weights: Floats
    networks: tuple[Network, ...] = ()
    temperature: float = 1.0
    threshold: float = field(default=0.5)

    def raw(self, rows: Rows) -> Floats:
        """The probability of each column for each row, before calibration."""
        votes = network.softmax(linear.margins(rows, self.weights) * np.float32(SHARPNESS))
        if not self.networks:
            return votes
        learnt = sum((one.shares(rows) for one in self.networks), np.zeros_like(votes))
        return LINEAR * votes + (1 - LINEAR) / np.float32(len(self.networks)) * learnt

    def shares(self, messages: list[str]) -> Floats:
        """The calibrated probability of each topic (and of none, in a last column) for each message."""
        return calibrated(self.raw(self.vocabulary.rows(messages)), self.temperature)

    def classify(self, message: str) -> Verdict:
        """The verdict on one message. A message without a known word is out of scope."""
        rows = self.vocabulary.rows([message])
        shares = calibrated(self.raw(rows), self.temperature)[0][: len(self.topics)]
        order = np.argsort(-shares, kind="stable")
        best = float(shares[order[0]])
        others = tuple((self.topics[place], float(shares[place])) for place in order[1:3])
        return Verdict(
            self.topics[order[0]], best, best >= self.threshold and bool(len(rows.columns)), others
        )

    def adjusted(self, temperature: float, threshold: float) -> Classifier:
        """The same with another calibration."""
        return replace(self, temperature=temperature, threshold=threshold)

    def save(self, path: Path) -> None:
        """Write everything into one file, as a whole: numbers as 16-bit floats."""
        about = {
            "format": FORMAT,
            "topics": self.topics,
            "outside": self.outside,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "networks": len(self.networks),
        }
        arrays: dict[str, np.ndarray] = {
            "about": _text(json.dumps(about)),
            "names": _text("\n".join(self.vocabulary.names)),
            "rarity": self.vocabulary.rarity.astype(np.float16),
            "weights": self.weights.astype(np.float16),
        }
        for number, one in enumerate(self.networks):
            arrays |= {f"network{number}_{at}": part.astype(np.float16) for at, part in enumerate(one.parts)}
        held = io.BytesIO()
        np.savez_compressed(held, allow_pickle=False, **arrays)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(held.getvalue())
        Path(name).chmod(READABLE)
        Path(name).replace(path)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote. Raises `UnusableClassifier` where the file is something else."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls._of({name: arrays[name] for name in arrays.files})
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            message = f"{path.name} is not a classifier of format {FORMAT}: {error}. Train it again."
            raise UnusableClassifier(message) from error

    @classmethod
    def _of(cls, arrays: dict[str, np.ndarray]) -> Classifier:
        about = json.loads(arrays["about"].tobytes())
        if about["format"] != FORMAT:
            raise ValueError(f"it has format {about['format']}")
        single = {name: one.astype(np.float32) for name, one in arrays.items() if one.dtype == np.float16}
        names = arrays["names"].tobytes().decode().split("\n")
        numbers = range(about["networks"])
        parts = [[single[f"network{number}_{at}"] for at in range(4)] for number in numbers]
        networks = tuple(Network((one[0], one[1], one[2], one[3])) for one in parts)
        return cls(
            tuple(about["topics"]),
            bool(about["outside"]),
            Vocabulary(names, single["rarity"]),
            single["weights"],
            networks,
            float(about["temperature"]),
            float(about["threshold"]),
        )


def calibrated(shares: Floats, temperature: float) -> Floats:
    """Probabilities made flatter (temperature above 1) or sharper (below)."""
    return network.softmax(np.log(np.maximum(shares, LEAST)) / np.float32(temperature))


def _text(value: str) -> np.ndarray:
    return np.frombuffer(value.encode(), np.uint8)
