"""The reason cards of the desk's agents: what was decided, from what, how sure, and what else it could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse import Option, ReasonCard
from pilothouse.apps.support.proposals import Impossible, Missing, Proposal
from pilothouse.apps.support.reading.wishes import Wish
from pilothouse.apps.support.tickets import Citation


def sorted_card(
    found: Mapping[str, Any], confidence: float, others: Sequence[tuple[str, float]]
) -> ReasonCard:
    """How a message was sorted."""
    told = f"{found['topic']}, {found['urgency']} urgency, sentiment {found['sentiment']:+.2f}"
    return ReasonCard(
        title="Triage",
        decision=f"{told}, language {found['language'] or 'unknown'}.",
        reasoning=tuple(f"sign: {sign}" for sign in found["signs"]),
        confidence=min(1.0, confidence),
        outputs={"topic": found["topic"], "urgency": found["urgency"], "language": found["language"]},
        alternatives=tuple(Option(name=name, reason="less probable", score=share) for name, share in others),
    )


def wish_card(found: Wish) -> ReasonCard:
    """What is wanted."""
    said = found.particulars.model_dump(exclude={"text"}, exclude_defaults=True)
    return ReasonCard(
        title="What is wanted",
        decision=f"{found.kind.value.replace('_', ' ')}.",
        reasoning=tuple(f"said: {sign}" for sign in found.signs),
        confidence=found.confidence,
        outputs={"particulars": ", ".join(sorted(said)) or "none"},
        alternatives=tuple(
            Option(name=name, reason="less speaks for it", score=score) for name, score in found.others
        ),
    )


def answer_card(citations: Sequence[Citation], confidence: float) -> ReasonCard:
    """What the articles say."""
    places = tuple(str(one) for one in citations)
    return ReasonCard(
        title="Articles",
        decision=f"Answered with {len(places)} sentences." if places else "The articles do not answer this.",
        reasoning=places or (f"The best sentence covers {confidence:.0%} of the question: too little.",),
        confidence=confidence,
        outputs={"citations": list(places)},
    )


def proposal_card(found: Proposal | Missing | Impossible) -> ReasonCard:
    """What would be done."""
    if isinstance(found, Proposal):
        decision = f"{found.tool}, if the customer says yes to it and the policies allow it."
    elif isinstance(found, Missing):
        decision = f"Ask for {found.what.replace('_', ' ')}."
    else:
        decision = f"Not possible: {found.say.line.replace('_', ' ')}."
    places = {
        name: text for name, text in found.say.places.items() if name in {"order", "state", "money", "reason"}
    }
    return ReasonCard(title="Proposal", decision=decision, outputs=dict(places))


def consent_card(said: str, message: str) -> ReasonCard:
    """Whether the customer agreed."""
    decision = {"yes": "The customer agreed.", "no": "The customer did not agree."}.get(
        said, "The customer neither agreed nor refused."
    )
    return ReasonCard(title="Consent", decision=decision, inputs={"message": message[:200]})


def handed_over(why: str, urgency: str) -> ReasonCard:
    """Why a person takes over."""
    return ReasonCard(title="Hand over", decision=f"A person takes over: {why}", outputs={"urgency": urgency})


def reply_card(text: str, citations: Sequence[Citation]) -> ReasonCard:
    """What the desk said."""
    return ReasonCard(
        title="Reply",
        decision=text,
        outputs={"citations": [str(one) for one in citations]},
        alternatives=(),
    )
