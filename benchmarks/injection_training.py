"""Trains the injection scorer on texts that it makes, and writes src/pilothouse/guards/injection/model.json.

Logistic regression by FTRL-Proximal (McMahan et al., "Ad Click Prediction", KDD 2013), which leaves most
weights at zero. The model of whole texts is fitted on texts of templates that the passage model has not seen,
so that it learns how sure the passages can be. `--seed` makes another model.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from injection_texts.grammar import disturbed
from injection_texts.making import JAILBREAK, Maker, Template, Text, split, templates
from pilothouse.guards.injection.characters import fold
from pilothouse.guards.injection.model import Model
from pilothouse.guards.injection.normalising import normalise
from pilothouse.guards.injection.reading import features, passages, word_classes
from pilothouse.guards.injection.scorer import score, whole_features

PLACE = Path(__file__).parents[1] / "src/pilothouse/guards/injection/model.json"
SENTENCES = 14_000
"""Made of each label for the passage model."""
TEXTS = 4_000
"""Made of each label for the model of whole texts, a part by each fold."""
LEAST = 0.05
"""Weights below are left out."""
FOLDS = 4
"""Times that a quarter of the templates is held back."""
EPOCHS = 3
UNHEARD = 0.5
"""Share of words left out at random in training, so that rules carry weight too."""
FALSE_ALARMS = 0.05
"""Share of harmless texts of held-back templates that may reach the threshold; the shipped model, which
knows all templates, alarms less."""

L1, L2 = 0.6, 1.0
"""Penalties of the passage models."""

BOUNDS = {
    "first": (0.7, 1.2),
    "strong": (1.0, 2.0),
    "second": (0.2, 1.0),
    "third": (0.2, 1.0),
    "share": (0.0, 0.4),
    "length": (-0.3, 0.0),
}
"""Least and greatest weights in the model of whole texts: attacks that people write are longer, and have more
harmless sentences between the others, than those that are made here, so that what many sentences say together
must count for more, and length for less, than the made texts suggest."""

Example = tuple[list[str], list[str], bool]


class Ftrl:
    """Logistic regression, one example at a time. `l1` and `l2` are penalties, `alpha` the learning rate."""

    def __init__(self, *, alpha: float = 0.5, l1: float = L1, l2: float = L2) -> None:
        self._alpha, self._l1, self._l2 = alpha, l1, l2
        self._z: dict[str, float] = {}
        self._n: dict[str, float] = {}

    def weight(self, name: str) -> float:
        """The weight of a feature now; 0 for most."""
        z = self._z.get(name, 0.0)
        if abs(z) <= self._l1 and name != "bias":
            return 0.0
        sign = math.copysign(self._l1 if name != "bias" else 0.0, z)
        return (sign - z) / ((1 + math.sqrt(self._n.get(name, 0.0))) / self._alpha + self._l2)

    def learn(self, found: Sequence[str], rules: Sequence[str], label: bool) -> None:
        """One step on one example."""
        scale = 1 / math.sqrt(len(found) + 1)
        values = [(name, scale) for name in found] + [(name, 1.0) for name in (*rules, "bias")]
        weights = [self.weight(name) for name, _ in values]
        odds = sum(weight * value for weight, (_, value) in zip(weights, values, strict=True))
        error = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds)))) - label
        for (name, value), weight in zip(values, weights, strict=True):
            step = error * value
            before = self._n.get(name, 0.0)
            after = before + step * step
            self._z[name] = (
                self._z.get(name, 0.0) + step - (math.sqrt(after) - math.sqrt(before)) / self._alpha * weight
            )
            self._n[name] = after

    def weights(self) -> dict[str, float]:
        """The weights that are not zero, without the bias, the heaviest first."""
        found = {name: round(self.weight(name), 3) for name in self._z if name != "bias"}
        kept = {name: weight for name, weight in found.items() if abs(weight) >= LEAST}
        return dict(sorted(kept.items(), key=lambda one: (-abs(one[1]), one[0])))


def fitted(examples: list[Example], rng: random.Random) -> tuple[dict[str, float], float]:
    """Weights and bias after `EPOCHS` passes in changing order."""
    model = Ftrl()
    for _ in range(EPOCHS):
        rng.shuffle(examples)
        for found, rules, label in examples:
            model.learn([name for name in found if rng.random() > UNHEARD], rules, label)
    return model.weights(), round(model.weight("bias"), 3)


def read(texts: Iterable[Text], label: Callable[[Text], bool]) -> list[Example]:
    """The passages of sentences as examples; the scraps between punctuation marks are left out of attacks."""
    classes = word_classes()
    examples: list[Example] = []
    for one in texts:
        found = list(passages(fold(one.text).text))
        examples.extend(
            (*features(passage.words, classes), label(one))
            for passage in found
            if len(found) == 1 or len(passage.words) > 2 or not one.attack
        )
    return examples


def passage_model(known: Sequence[Template], rng: random.Random, sentences: int) -> Model:
    """The two models of passages, with nothing yet for whole texts."""
    maker = Maker(known, rng)
    attacks = [maker.sentence(attack=True) for _ in range(sentences)]
    harmless = [maker.sentence(attack=False) for _ in range(sentences)]
    texts = [Text(disturbed(one.text, rng), one.kind, one.attack) for one in (*attacks, *harmless)]
    attack, attack_bias = fitted(read(texts, lambda one: one.attack), rng)
    kinds = read(texts[: sentences // 2], lambda one: one.kind == JAILBREAK)
    jailbreak, jailbreak_bias = fitted(kinds, rng)
    return Model(attack, attack_bias, jailbreak, jailbreak_bias, {}, 0.5)


def judged(
    model: Model, known: Sequence[Template], rng: random.Random, texts: int
) -> list[tuple[dict[str, float], bool]]:
    """What `model` sees of whole texts made of templates it does not know."""
    maker = Maker(known, rng)
    made = [maker.hostile() for _ in range(texts)] + [maker.harmless() for _ in range(texts)]
    seen = []
    for one in made:
        normalised = normalise(one.text)
        seen.append((whole_features(score(normalised, model), normalised.tricks), one.attack))
    return seen


def whole_model(
    seen: list[tuple[dict[str, float], bool]], rng: random.Random
) -> tuple[dict[str, float], float]:
    """Weights for whole texts, by gradient descent, and the confidence that `FALSE_ALARMS` of them reach."""
    weights: dict[str, float] = {}
    for epoch in range(12):
        rng.shuffle(seen)
        for found, label in seen:
            odds = sum(value * weights.get(name, 0.0) for name, value in found.items())
            error = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds)))) - label
            for name, value in found.items():
                weight = weights.get(name, 0.0)
                least, most = BOUNDS.get(name, (-math.inf, math.inf))
                weight -= 0.02 / (1 + epoch) * (error * value + 0.001 * weight)
                weights[name] = min(most, max(least, weight))
    harmless = sorted(
        sum(value * weights[name] for name, value in found.items()) for found, label in seen if not label
    )
    limit = harmless[min(len(harmless) - 1, math.ceil(len(harmless) * (1 - FALSE_ALARMS)))]
    caught = sum(sum(v * weights[n] for n, v in found.items()) > limit for found, label in seen if label)
    threshold, share = 1 / (1 + math.exp(-limit)), caught / sum(label for _, label in seen)
    print(f"threshold {threshold:.3f}: {share:.1%} of attacks of unseen templates")
    return {name: round(weight, 3) for name, weight in weights.items()}, round(threshold, 3)


def trained(seed: int, sentences: int = SENTENCES, texts: int = TEXTS) -> Model:
    """The model of one seed; the same on every machine."""
    rng = random.Random(seed)
    known = templates()
    seen = []
    for _ in range(FOLDS):
        first, second = split(known, rng, 0.25)
        seen += judged(passage_model(first, rng, sentences // 2), second, rng, texts // FOLDS)
    whole, threshold = whole_model(seen, rng)
    model = passage_model(known, rng, sentences)
    return Model(model.attack, model.attack_bias, model.jailbreak, model.jailbreak_bias, whole, threshold)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--to", type=Path, default=PLACE)
    options = parser.parse_args()
    model = trained(options.seed)
    content = {
        "attack_bias": model.attack_bias,
        "jailbreak_bias": model.jailbreak_bias,
        "threshold": model.threshold,
        "whole": model.whole,
        "attack": model.attack,
        "jailbreak": model.jailbreak,
    }
    options.to.write_text(
        json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n", "utf-8"
    )
    print(f"{len(model.attack):,} weights, {options.to.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
