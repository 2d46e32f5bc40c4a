"""A linear support vector machine for many classes, one against the rest.

Dual coordinate descent for the squared hinge loss (Hsieh and others 2008, as in LIBLINEAR), with the step of
an example taken for all classes at once.
"""

from __future__ import annotations

import numpy as np

from pilothouse.apps.support.classifying.features import Floats, Places, Rows

COST = 1.0
ROUNDS = 12
BIAS = 1.0  # value of the feature that every example has


def fit(rows: Rows, labels: Places, classes: int, width: int, rng: np.random.Generator) -> Floats:
    """The weights, one row for each of `width` features and a last one for the bias, one column a class."""
    weights = np.zeros((width + 1, classes), np.float32)
    alpha = np.zeros((len(rows), classes), np.float32)
    sign = np.full((len(rows), classes), -1.0, np.float32)
    sign[np.arange(len(rows)), labels] = 1.0
    slack = np.float32(0.5 / COST)
    examples = [rows.row(number) for number in range(len(rows))]
    padded = [
        (np.append(columns, width), np.append(values, np.float32(BIAS))) for columns, values in examples
    ]
    squares = [float(values @ values) for _, values in padded]
    for _ in range(ROUNDS):
        for number in rng.permutation(len(rows)):
            columns, values = padded[number]
            block = weights[columns]
            gradient = sign[number] * (values @ block) - 1.0 + slack * alpha[number]
            stepped = np.maximum(alpha[number] - gradient / (squares[number] + slack), 0.0)
            change = (stepped - alpha[number]) * sign[number]
            alpha[number] = stepped
            if change.any():
                weights[columns] = block + np.outer(values, change)
    return weights


def margins(rows: Rows, weights: Floats) -> Floats:
    """How far each row lies on the side of each class."""
    found: Floats = rows.times(weights[:-1]) + weights[-1] * np.float32(BIAS)
    return found
