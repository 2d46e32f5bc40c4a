"""Small networks straight on the sparse features: one hidden layer learns which words mean alike.

Each batch drops some of its features and of its hidden units (dropout, Srivastava and others 2014), and
labels are smoothed (Szegedy and others 2016): else some thousand short messages are learnt by heart. The step
of a feature's row of weights is divided by the running size of that row's gradients (RMSProp, Tieleman and
Hinton 2012, with one number a row), as most features are in few messages; the rest is trained with Adam
(Kingma and Ba 2015). Both follow a cosine schedule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilothouse.apps.support.classifying.features import Floats, Places, Rows

EPOCHS, BATCH, HIDDEN = 12, 64, 256
KEEP_INPUT, KEEP_HIDDEN = 0.7, 0.5
SMOOTHING = 0.1  # share of a label that is spread over all classes
ROW_RATE, ROW_DECAY = 1e-2, 0.99
RATE, DECAY_1, DECAY_2 = 2e-3, 0.9, 0.999
TINY = np.float32(1e-7)


@dataclass(frozen=True, slots=True)
class Network:
    """Two layers: weights (a row for each feature) and biases of the hidden one, then of the last."""

    parts: tuple[Floats, Floats, Floats, Floats]

    def shares(self, rows: Rows) -> Floats:
        """The probability of each class for each row."""
        hidden = np.maximum(rows.times(self.parts[0]) + self.parts[1], 0)
        return softmax(hidden @ self.parts[2] + self.parts[3])


def softmax(scores: Floats) -> Floats:
    """Scores as probabilities, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


class _Adam:
    """An array and its steps."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._mean, self._square = np.zeros_like(values), np.zeros_like(values)
        self._steps = 0

    def change(self, gradient: Floats, pace: float) -> None:
        """Take a step against the gradient."""
        single = np.float32
        self._steps += 1
        self._mean += single(1 - DECAY_1) * (gradient - self._mean)
        self._square += single(1 - DECAY_2) * (gradient * gradient - self._square)
        size = np.sqrt(self._square / single(1 - DECAY_2**self._steps)) + TINY
        self.values -= single(pace * RATE / (1 - DECAY_1**self._steps)) * self._mean / size


class _SparseRows:
    """An array of which a batch concerns few rows, and the steps of each row."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._square = np.zeros(len(values), np.float32)
        self._steps = np.zeros(len(values), np.float32)

    def change(self, rows: Places, gradient: Floats, pace: float) -> None:
        """Take a step with the rows that are named, against the gradient of each."""
        single = np.float32
        self._steps[rows] += 1
        size = np.einsum("ij,ij->i", gradient, gradient) / single(gradient.shape[1])
        self._square[rows] += single(1 - ROW_DECAY) * (size - self._square[rows])
        steady = np.sqrt(self._square[rows] / (1 - single(ROW_DECAY) ** self._steps[rows])) + TINY
        self.values[rows] -= (single(pace * ROW_RATE) / steady)[:, None] * gradient


def fit(rows: Rows, labels: Places, classes: int, width: int, rng: np.random.Generator) -> Network:
    """Train one network on rows of `width` features."""
    single, spread = np.float32, np.float32(np.sqrt(HIDDEN))
    first = _SparseRows(rng.standard_normal((width, HIDDEN), single) / spread)
    rest = [
        _Adam(np.zeros(HIDDEN, single)),
        _Adam(rng.standard_normal((HIDDEN, classes), single) / spread),
        _Adam(np.zeros(classes, single)),
    ]
    for epoch in range(EPOCHS):
        pace = 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(len(rows))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            present, inputs = _noisy(rows, chosen, rng)
            parts = [first.values[present], *(one.values for one in rest)]
            changes = _gradients(parts, inputs, labels[chosen], rng)
            first.change(present, changes[0], pace)
            for one, change in zip(rest, changes[1:], strict=True):
                one.change(change, pace)
    return Network((first.values, rest[0].values, rest[1].values, rest[2].values))


def _noisy(rows: Rows, chosen: Places, rng: np.random.Generator) -> tuple[Places, Floats]:
    """The features that the chosen rows have, and these rows over them alone, with some values dropped."""
    found = [rows.row(number) for number in chosen]
    columns = np.concatenate([one for one, _ in found])
    values = np.concatenate([one for _, one in found])
    kept = rng.random(len(values), np.float32) < KEEP_INPUT
    present, places = np.unique(columns, return_inverse=True)
    inputs = np.zeros((len(chosen), len(present)), np.float32)
    owners = np.repeat(np.arange(len(chosen)), [len(one) for one, _ in found])
    inputs[owners, places] = values * kept / np.float32(KEEP_INPUT)
    return present, inputs


def _gradients(parts: list[Floats], inputs: Floats, labels: Places, rng: np.random.Generator) -> list[Floats]:
    """What the cross entropy of a batch changes by, with each part; some hidden units are dropped."""
    single = np.float32
    raw = inputs @ parts[0] + parts[1]
    kept = (rng.random(raw.shape, single) < KEEP_HIDDEN) / single(KEEP_HIDDEN)
    hidden = np.maximum(raw, 0) * kept
    classes = parts[2].shape[1]
    miss = softmax(hidden @ parts[2] + parts[3]) - single(SMOOTHING / classes)
    miss[np.arange(len(labels)), labels] -= single(1 - SMOOTHING)
    miss /= single(len(labels))
    back = (miss @ parts[2].T) * kept * (raw > 0)
    return [inputs.T @ back, back.sum(axis=0), hidden.T @ miss, miss.sum(axis=0)]
