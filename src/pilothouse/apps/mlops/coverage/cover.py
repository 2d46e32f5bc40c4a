"""The coverage score, and the questions that are worth asking below the threshold."""

from __future__ import annotations

from pilothouse.apps.mlops.coverage.needs import NEEDS, Need, credit, weights
from pilothouse.apps.mlops.coverage.questions import QUESTIONS, Question
from pilothouse.apps.mlops.intake.wording import say
from pilothouse.apps.mlops.requirements import Contradiction, Coverage, Inquiry, Intake, Origin, Requirements

THRESHOLD = 0.7
"""From this score on, the design goes on without questions (but for contradictions)."""
ASKED = 3
"""Questions asked at once; contradictions are asked about even where there are more."""
KNOWN = 0.5
"""From this credit on, a need is listed as known."""


def cover(intake: Intake) -> Coverage:
    """How much of what a design needs is known, as a weighted mean of credits in [0, 1].

    score = sum of weight x credit over `NEEDS`. The weights are openly derived there; a credit is 1 for
    what was plainly said, the confidence for what was inferred or assumed, and 0 for what is unknown; a
    need that does not arise (the latency of a batch) counts as known. A statement can only add credit, so
    that saying more never lowers the score.

    Below `THRESHOLD` the three inquiries with the greatest expected value are asked; contradictions are
    asked about whatever the score, first, and count among the three. See `expected_value`.
    """
    requirements = intake.requirements
    credits_ = {need.key: credit(need, requirements) for need in NEEDS}
    shares = weights()
    score = min(1.0, sum(shares[key] * value for key, value in credits_.items()))
    asked = [contradiction_inquiry(item) for item in intake.contradictions]
    if score < THRESHOLD:
        open_needs = [need for need in NEEDS if not _settled(need, requirements)]
        open_needs.sort(key=lambda need: -expected_value(need, credits_[need.key]))
        disputed = {field for item in intake.contradictions for field in item.fields}
        rest = [need for need in open_needs if need.key not in disputed]
        asked.extend(inquiry(need, intake) for need in rest[: max(0, ASKED - len(asked))])
    return Coverage(
        score=round(score, 4),
        known=tuple(key for key, value in credits_.items() if value >= KNOWN),
        missing=tuple(key for key, value in credits_.items() if value < KNOWN),
        weights=shares,
        inquiries=tuple(asked),
    )


def expected_value(need: Need, credit_: float) -> float:
    """What asking about `need` is expected to change in the design, in [0, 1].

    weight / greatest weight: how many roles hang on it; times (1 - credit): how likely the answer differs
    from what would be taken without it; times spread: how far the choices lead apart (see `QUESTIONS`).
    """
    heaviest = max(len(other.roles) for other in NEEDS)
    return len(need.roles) / heaviest * (1 - credit_) * QUESTIONS[need.key].spread


def _settled(need: Need, requirements: Requirements) -> bool:
    """Whether asking is pointless: it was said, answered, assumed already, or does not arise."""
    if requirements.workload is not None and requirements.workload.value in need.void:
        return requirements.workload.origin is not Origin.INFERRED
    constraint = getattr(requirements, need.key)
    excluded = requirements.excluded_clouds
    open_choice = need.key == "cloud" and excluded is not None and excluded.value == ()
    said = (
        constraint is not None and constraint.origin is not Origin.INFERRED and constraint.confidence >= KNOWN
    )
    return said or open_choice


def inquiry(need: Need, intake: Intake) -> Inquiry:
    """The question about `need`; what was inferred is its default, with the reason for it."""
    question = QUESTIONS[need.key]
    requirements = intake.requirements
    inferred = getattr(requirements, need.key)
    default, assumes = _default(question, requirements)
    if inferred is not None:
        default, assumes = say(need.key, inferred.value), inferred.note or assumes
    return Inquiry(
        key=need.key,
        text=question.text,
        why=question.why,
        choices=question.choices,
        default=default,
        default_assumes=assumes,
        value=round(expected_value(need, credit(need, requirements)), 4),
    )


def _default(question: Question, requirements: Requirements) -> tuple[str, str]:
    workload = requirements.workload.value if requirements.workload else None
    return (
        question.by_workload.get(workload, (question.default, question.assumes))
        if workload
        else (
            question.default,
            question.assumes,
        )
    )


def contradiction_inquiry(contradiction: Contradiction) -> Inquiry:
    """The question about a contradiction; the statement that was made first is its default."""
    default = contradiction.choices[0]
    return Inquiry(
        key=contradiction_key(contradiction),
        text=contradiction.question,
        why=f"{contradiction.explanation} No design meets both.",
        choices=contradiction.choices,
        default=default,
        default_assumes=f"The first of the two statements holds: {default}.",
        value=1.0,
    )


def inquiry_about(intake: Intake, key: str) -> Inquiry | None:
    """The inquiry `key` about a need or an open contradiction, or None where there is none."""
    for contradiction in intake.contradictions:
        if contradiction_key(contradiction) == key:
            return contradiction_inquiry(contradiction)
    return next((inquiry(need, intake) for need in NEEDS if need.key == key), None)


def contradiction_key(contradiction: Contradiction) -> str:
    """The key of the inquiry about `contradiction`."""
    return f"contradiction:{'+'.join(contradiction.fields)}"
