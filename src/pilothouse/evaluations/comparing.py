"""What is told of versions that were run against the same cases: how each did, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from pilothouse.evaluations.schemas import (
    OVER,
    PASSES,
    Difference,
    Mark,
    Share,
    Sheet,
    Standing,
    Trial,
)
from pilothouse.evaluations.statistics import agreement, fleiss_kappa, percentile, sign_test, wilson
from pilothouse.kit.canonical import to_json

ALPHA = 0.05
"""A difference less likely than this by chance is called one."""

SAME, WORSE = "no difference shown", "worse"


def standing(sheet: Sheet) -> Standing:
    """How one version did."""
    asked = [trial for trial in sheet.trials if trial.reply.failure != OVER]
    repeats = [[trial.passed for trial in trials] for trials in _by_case(asked).values()]
    passed, of = sum(map(sum, repeats)), len(asked)
    low, high = wilson(passed, of)
    marks = defaultdict[str, list[Mark]](list)
    for trial in asked:
        for mark in trial.marks:
            marks[mark.check].append(mark)
    latencies = [trial.reply.latency_ms for trial in asked]
    every = [mark for found in marks.values() for mark in found]
    judging = sum((mark.cost for mark in every), start=Decimal(0))
    return Standing(
        version=sheet.version,
        model=sheet.model,
        cases=len(repeats),
        repeats=max(map(len, repeats), default=0),
        passed=Share(value=passed / of if of else 0.0, low=low, high=high),
        failures=sum(bool(trial.reply.failure) for trial in asked),
        left_out=len(sheet.trials) - of,
        agreement=agreement(repeats),
        kappa=fleiss_kappa(repeats),
        checks={
            name: sum(mark.value for mark in found) / len(found) for name, found in sorted(marks.items())
        },
        judges=_judges(asked),
        tokens=sum(trial.reply.tokens for trial in asked) + sum(mark.tokens for mark in every),
        cost=sum((trial.reply.cost for trial in asked), start=judging),
        judging=judging,
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
    )


def difference(sheet: Sheet, other: Sheet) -> Difference:
    """How a version differs from another: a case counts as passed where most of its repeats are."""
    ours, theirs = majorities(sheet.trials), majorities(other.trials)
    both = ours.keys() & theirs.keys()
    only_this = sum(ours[case] and not theirs[case] for case in both)
    only_other = sum(theirs[case] and not ours[case] for case in both)
    p_value = sign_test(only_this, only_other)
    return Difference(
        version=sheet.name,
        against=other.name,
        only_this=only_this,
        only_other=only_other,
        cases=len(both),
        p_value=p_value,
        verdict=_verdict(only_this, only_other, p_value),
    )


def majorities(trials: Sequence[Trial]) -> Mapping[str, bool]:
    """Of each case that was asked, whether more than half of its repeats passed."""
    asked = [trial for trial in trials if trial.reply.failure != OVER]
    return {
        case: 2 * sum(trial.passed for trial in found) > len(found) for case, found in _by_case(asked).items()
    }


def in_words(told: Difference) -> str:
    """A difference in plain words."""
    compared = f"{told.verdict} than" if told.verdict != SAME else f"{SAME} to"
    chance = "p < 0.001" if told.p_value < 0.001 else f"p = {told.p_value:.3f}"
    return (
        f"{told.version}: {compared} {told.against}. Of {told.cases:,} cases it alone passes"
        f" {told.only_this:,}, the other alone {told.only_other:,} ({chance})."
    )


def faults(
    standings: Sequence[Standing], differences: Sequence[Difference], require: float | None, baseline: str
) -> list[str]:
    """Why an evaluation is not fine; nothing where it is.

    Every version has to pass the share `require` (0 to 1), the one called `baseline` only where it is alone.
    None may do worse than what it is compared with, or be left without an answer or unfinished.
    """
    found = list[str]()
    for one in standings:
        name = f"{one.version} with {one.model}"
        judged = one.version != baseline or not differences
        if require is not None and judged and one.passed.value < require:
            found.append(f"{name} passes {one.passed.value:.1%}, less than the required {require:.1%}.")
        if one.left_out:
            found.append(
                f"{name} is not finished: {one.left_out:,} times nothing was asked, as all is spent."
            )
        elif one.failures and one.failures == one.cases * one.repeats:
            found.append(f"{name} gave no usable answer at all.")
    found += [in_words(one) for one in differences if one.verdict == WORSE]
    return found


def _judges(trials: Sequence[Trial]) -> dict[str, float | None]:
    """How far each judge agrees with itself: about one answer, and about the same answer given again."""
    votes = defaultdict[str, defaultdict[tuple[str, bytes], list[bool]]](lambda: defaultdict(list))
    for trial in trials:
        for mark in trial.marks:
            if mark.votes:
                same = trial.case, to_json(trial.reply.output)
                votes[mark.check][same] += [vote >= PASSES for vote in mark.votes]
    return {name: agreement(list(found.values())) for name, found in sorted(votes.items())}


def _verdict(only_this: int, only_other: int, p_value: float) -> str:
    if p_value >= ALPHA:
        return SAME
    return "better" if only_this > only_other else WORSE


def _by_case(trials: Sequence[Trial]) -> Mapping[str, Sequence[Trial]]:
    found = defaultdict[str, list[Trial]](list)
    for trial in trials:
        found[trial.case].append(trial)
    return found
