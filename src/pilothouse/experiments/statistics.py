"""Intervals that may be looked at at any time, and acted upon: confidence sequences.

A usual 95 % interval holds at one moment that was fixed beforehand; whoever looks after every call and stops
when it excludes zero is wrong far more often. A confidence sequence holds at all moments at once: the chance
that it *ever* misses the truth is at most alpha. Two kinds are used here:

- For means, and for rates with enough of both outcomes, *asymptotic confidence sequences*: I. Waudby-Smith,
  D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and asymptotic confidence
  sequences", Annals of Statistics 52(6), 2024 (arXiv:2103.06476), Theorem 2.2.
- For rates with few of one outcome, exact ones by the beta-binomial mixture: H. Robbins, "Statistical methods
  related to the law of the iterated logarithm", Annals of Mathematical Statistics 41(5), 1970; as told today:
  S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic
  confidence sequences", Annals of Statistics 49(2), 2021 (arXiv:1810.08240). Both arms together make a region
  of pairs of rates, and the interval has the differences of those.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

TIGHTEST_AT = 1_000
"""Calls at which an asymptotic sequence is to be tightest; elsewhere it is a little wider, and as valid."""

LEAST_CALLS = 50
"""Calls of each arm from which a mean counts as nearly normal; before, nothing is said of it."""

LEAST_OUTCOMES = 30
"""Outcomes of each kind in each arm from which a rate counts as nearly normal; before, it is exact."""

_STEPS = 30
"""Halvings in which a bound is found: to about 2e-9."""


class Sample(NamedTuple):
    """What one arm has seen of a value: how many, their sum and the sum of their squares."""

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The mean; 0 of nothing."""
        return self.total / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """The unbiased variance; 0 of fewer than two."""
        if self.n < 2:
            return 0.0
        return max(self.squares - self.total**2 / self.n, 0.0) / (self.n - 1)


class Stratum(NamedTuple):
    """What two arms have seen while the shares stayed as they were."""

    control: Sample
    arm: Sample


class Interval(NamedTuple):
    """An estimate, and the range in which the truth lies; `exact` without the central limit theorem."""

    estimate: float
    low: float
    high: float
    exact: bool = False


def share_of(count: int, n: int) -> Sample:
    """`n` values of which `count` are 1 and the others 0."""
    return Sample(n, count, count)


def rho_squared(alpha: float, tightest_at: int = TIGHTEST_AT) -> float:
    """The parameter of the mixture that makes the sequence tightest at so many observations.

    Waudby-Smith et al. (2024), on the choice of rho: (-2 log a + log(-2 log a) + 1) / t, to within a few per
    cent of the best.
    """
    twice = -2.0 * math.log(alpha)
    return (twice + math.log(twice) + 1.0) / tightest_at


def radius(variance: float, n: int, alpha: float) -> float:
    """Half the width of an asymptotic confidence sequence of a mean at `n` observations.

    `variance` is that of the estimate (s^2 / n), not that of one value. Waudby-Smith et al. (2024), Theorem
    2.2: s sqrt(2 (n r^2 + 1) / (n^2 r^2) log(sqrt(n r^2 + 1) / alpha)).
    """
    scaled = n * rho_squared(alpha)
    return math.sqrt(variance * 2.0 * (scaled + 1.0) / scaled * math.log(math.sqrt(scaled + 1.0) / alpha))


def difference_between(strata: Sequence[Stratum], alpha: float) -> Interval | None:
    """The interval of the difference of two means, arm less control; None where too little was seen.

    Only strata in which both arms have two values or more are compared, each within itself and weighed by its
    calls: what changed from one to the next (a share, the time of day) does not pass for a difference. With
    one stratum it is the difference of means with the variance s1^2/n1 + s0^2/n0, that of the paper's
    estimator of an average treatment effect (Section 3) without covariates.
    """
    used = [part for part in strata if part.control.n > 1 and part.arm.n > 1]
    controls, arms = sum(part.control.n for part in used), sum(part.arm.n for part in used)
    if min(controls, arms) < LEAST_CALLS:
        return None
    n = controls + arms
    estimate = variance = 0.0
    for part in used:
        weight = (part.control.n + part.arm.n) / n
        estimate += weight * (part.arm.mean - part.control.mean)
        each = part.arm.variance / part.arm.n + part.control.variance / part.control.n
        variance += weight**2 * each
    half = radius(variance, n, alpha)
    return Interval(estimate, estimate - half, estimate + half)


def rate_evidence(control: Sample, arm: Sample, difference: float) -> float:
    """How much speaks against two rates (of values 0 or 1) that differ by so much, arm less control.

    Of each arm B(1 + s, 1 + f) / (p^s (1 - p)^f) is a martingale if p is its rate, where s are its successes
    and f the others: a mixture of all rates against this one. The logarithm of the product of both is
    returned, for the pair of rates with this difference that fits best. By Ville's inequality it ever reaches
    log(1 / alpha) at the true difference with a chance of at most alpha.
    """
    counts = [(each.total, each.n - each.total) for each in (control, arm)]
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(_STEPS):  # the likelihood of a pair is concave: its slope has one zero
        p = (low + high) / 2
        slope = 0.0
        for (good, bad), rate in zip(counts, (_inside(p), _inside(p + difference)), strict=True):
            slope += good / rate - bad / (1.0 - rate)
        low, high = (p, high) if slope > 0 else (low, p)
    p = (low + high) / 2
    evidence = 0.0
    for (good, bad), rate in zip(counts, (_inside(p), _inside(p + difference)), strict=True):
        evidence += math.lgamma(1 + good) + math.lgamma(1 + bad) - math.lgamma(2 + good + bad)
        evidence -= good * math.log(rate) + bad * math.log1p(-rate)
    return evidence


def _inside(rate: float) -> float:
    """A rate that is neither 0 nor 1, where logarithms end."""
    return min(max(rate, 1e-12), 1.0 - 1e-12)


def rate_difference(strata: Sequence[Stratum], alpha: float) -> Interval:
    """The interval of the difference of two rates, in which values are 0 or 1, arm less control.

    While one outcome is rare in an arm it is the exact one over all strata, later the asymptotic one; each
    has half of alpha, so that the change from one to the other costs nothing.
    """
    control, arm = pooled([part.control for part in strata]), pooled([part.arm for part in strata])
    rarest = min(*(each.total for each in (control, arm)), *(each.n - each.total for each in (control, arm)))
    if rarest >= LEAST_OUTCOMES:
        found = difference_between(strata, alpha / 2)
        if found is not None:
            return found
    estimate, most = arm.mean - control.mean, math.log(2 / alpha)

    def holds(difference: float) -> bool:
        return rate_evidence(control, arm, difference) < most

    return Interval(estimate, _border(holds, -1.0, estimate), _border(holds, 1.0, estimate), exact=True)


def pooled(samples: Sequence[Sample]) -> Sample:
    """All samples as one."""
    return Sample(
        sum(each.n for each in samples),
        math.fsum(each.total for each in samples),
        math.fsum(each.squares for each in samples),
    )


def _border(holds: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where what holds `inside` begins to hold, coming from `outside`; a little beyond rather than short."""
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return outside
