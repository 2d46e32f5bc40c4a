import numpy as np
import pytest

from pilothouse.apps.support.classifying import linear, network
from pilothouse.apps.support.classifying.features import Floats, Places, Rows

SIDES = {("left", "up"): 0, ("right", "down"): 0, ("left", "down"): 1, ("right", "up"): 1}


def crossed() -> tuple[Rows, Places]:
    """Messages of two words, of which neither alone says anything about the class."""
    places = {"left": 0, "right": 1, "up": 2, "down": 3}
    columns = [places[word] for pair in SIDES for word in pair] * 40
    count = len(SIDES) * 40
    rows = Rows(np.arange(count + 1) * 2, np.array(columns), np.full(len(columns), 0.7, np.float32))
    return rows, np.array(list(SIDES.values()) * 40)


def right(shares: Floats, labels: Places) -> float:
    return float((shares.argmax(axis=1) == labels).mean())


def test_a_network_learns_what_only_words_together_say() -> None:
    rows, labels = crossed()
    made = network.fit(rows, labels, 2, 4, np.random.default_rng(0))
    weights = linear.fit(rows, labels, 2, 4, np.random.default_rng(0))
    assert right(made.shares(rows), labels) == 1.0
    assert right(linear.margins(rows, weights), labels) < 0.8


def test_shares_are_probabilities_also_of_a_row_without_features() -> None:
    rows, labels = crossed()
    made = network.fit(rows, labels, 2, 4, np.random.default_rng(0))
    empty = Rows(np.array([0, 0]), np.array([], np.int64), np.array([], np.float32))
    for some in (rows, empty):
        assert made.shares(some).sum(axis=1) == pytest.approx(np.ones(len(some)), abs=1e-5)


def test_the_same_seed_makes_the_same_network_and_another_seed_another() -> None:
    rows, labels = crossed()
    made, again, other = (
        network.fit(rows, labels, 2, 4, np.random.default_rng(seed)).shares(rows) for seed in (0, 0, 1)
    )
    assert np.array_equal(made, again)
    assert not np.array_equal(made, other)


def test_features_that_no_batch_has_keep_their_weights() -> None:
    rows, labels = crossed()
    made, wider = (network.fit(rows, labels, 2, width, np.random.default_rng(0)) for width in (4, 5))
    start = np.random.default_rng(0).standard_normal((5, network.HIDDEN), np.float32)
    assert np.allclose(wider.parts[0][4], start[4] / np.float32(np.sqrt(network.HIDDEN)))
    assert not np.allclose(made.parts[0], start[:4] / np.float32(np.sqrt(network.HIDDEN)))
