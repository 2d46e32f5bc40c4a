"""The reason cards of the desk's agents: what was decided, from what, how sure, and what else it could be."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse import Option, ReasonCard
from pilothouse.apps.support.judgements import Found, Heard, Sorted
from pilothouse.apps.support.proposals import Impossible, Missing, Proposal
from pilothouse.apps.support.reading.wishes import Wish
from pilothouse.apps.support.speaking.summary import Case
from pilothouse.apps.support.tickets import Citation


def sorted_card(_: str, found: Sorted) -> ReasonCard:
    """How a message was sorted."""
    told = f"{found.topic}, {found.urgency} urgency, sentiment {found.sentiment:+.2f}"
    return ReasonCard(
        title="Triage",
        decision=f"{told}, language {found.language or 'unknown'}.",
        reasoning=tuple(f"sign: {sign}" for sign in found.signs),
        confidence=min(1.0, found.confidence),
        outputs={"topic": found.topic, "urgency": found.urgency.value, "language": found.language},
        alternatives=tuple(
            Option(name=name, reason="less probable", score=share) for name, share in found.others
        ),
    )


def wish_card(_: Heard, found: Wish) -> ReasonCard:
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


def answer_card(_: str, found: Found) -> ReasonCard:
    """What the articles say."""
    places = tuple(str(one) for one in found.citations)
    little = f"The best sentence covers {found.confidence:.0%} of the question: too little."
    return ReasonCard(
        title="Articles",
        decision=f"Answered with {len(places)} sentences." if places else "The articles do not answer this.",
        reasoning=places or (little,),
        confidence=found.confidence,
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


def handed_over(case: Case, _: str) -> ReasonCard:
    """Why a person takes over."""
    decision = f"A person takes over: {case.why}"
    return ReasonCard(title="Hand over", decision=decision, outputs={"urgency": case.urgency})


def reply_card(text: str, citations: Sequence[Citation]) -> ReasonCard:
    """What the desk said."""
    return ReasonCard(
        title="Reply",
        decision=text,
        outputs={"citations": [str(one) for one in citations]},
        alternatives=(),
    )
