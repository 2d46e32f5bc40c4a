"""The trained weights, read from `model.json` when first asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import orjson


@dataclass(frozen=True)
class Model:
    """Weights of two linear models over the features of a passage, and of one over those of a text.

    `attack` tells attacks from the rest, `jailbreak` tells jailbreaks among attacks, `whole` joins what was
    found in a text. `threshold` is the confidence from which a text counts as an attack.
    """

    attack: Mapping[str, float]
    attack_bias: float
    jailbreak: Mapping[str, float]
    jailbreak_bias: float
    whole: Mapping[str, float]
    threshold: float


def logit(weights: Mapping[str, float], bias: float, features: Sequence[str], rules: Sequence[str]) -> float:
    """The log odds of a passage: a bias, the weights of its rules, and those of its features, dampened.

    The features' sum is divided by the root of their number: a long passage is no attack by its length.
    """
    get = weights.get
    # `filter` leaves out what has no weight without a step of Python for each: most features have none
    read = sum(filter(None, map(get, features))) / math.sqrt(len(features) + 1)
    return bias + read + sum(filter(None, map(get, rules)))


def probability(log_odds: float) -> float:
    """The probability in [0, 1] of log odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


@lru_cache(maxsize=1)
def trained_model() -> Model:
    """The model that ships; read once, about 10 ms."""
    content = orjson.loads(resources.files(__package__).joinpath("model.json").read_bytes())
    return Model(
        attack=content["attack"],
        attack_bias=content["attack_bias"],
        jailbreak=content["jailbreak"],
        jailbreak_bias=content["jailbreak_bias"],
        whole=content["whole"],
        threshold=content["threshold"],
    )
