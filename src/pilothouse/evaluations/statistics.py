"""The few statistics of an evaluation: intervals of shares, agreement of repeats, and paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, comb, sqrt

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def wilson(passed: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share, 0 to 1; of nothing it is (0, 1).

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if of == 0:
        return 0.0, 1.0
    share, spread = passed / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def sign_test(only_one: int, only_other: int) -> float:
    """How likely a difference as large as this is where neither is better: McNemar's exact test, two-sided.

    Of pairs that differ, `only_one` favour one and `only_other` the other. Q. McNemar, Psychometrika 12
    (1947).
    """
    pairs, fewer = only_one + only_other, min(only_one, only_other)
    tail = sum(comb(pairs, count) for count in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << pairs))


def agreement(repeats: Sequence[Sequence[bool]]) -> float | None:
    """The share of pairs of repeats of the same case that agree, 0 to 1; None where nothing was repeated.

    Each item of `repeats` is one case: whether each of its trials was passed.
    """
    agreeing = pairs = 0
    for trials in repeats:
        passed = sum(trials)
        agreeing += comb(passed, 2) + comb(len(trials) - passed, 2)
        pairs += comb(len(trials), 2)
    return agreeing / pairs if pairs else None


def fleiss_kappa(repeats: Sequence[Sequence[bool]]) -> float | None:
    """Agreement of repeats beyond chance: 1 is complete, 0 what chance gives; None where it is not defined.

    It takes as many trials of each case. J. L. Fleiss, "Measuring nominal scale agreement among many raters",
    Psychological Bulletin 76 (1971).
    """
    sizes = {len(trials) for trials in repeats}
    if len(sizes) != 1 or min(sizes) < 2:
        return None
    observed = agreement(repeats)
    trials = sum(len(one) for one in repeats)
    share = sum(sum(one) for one in repeats) / trials
    chance = share**2 + (1 - share) ** 2
    if observed is None or chance == 1.0:
        return None
    return (observed - chance) / (1 - chance)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a `share` (0 to 1) of them lies, by nearest rank; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
