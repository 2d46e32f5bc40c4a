"""The desk's judgements, each an agent with a reason card: they read, and only the workflow acts.

A model's rung can stand above any of them: whatever it answers is a wish or a text, never an action.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from pilothouse import Agent, Context, agent
from pilothouse.apps.support import cards
from pilothouse.apps.support.answering import Answer, answer
from pilothouse.apps.support.classifying import Urgency, Verdict, language, shop_topics, tone
from pilothouse.apps.support.knowledge.base import KnowledgeBase
from pilothouse.apps.support.proposals import Impossible, Missing, Proposal, Wanted, propose
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.wishes import Wish, read_wish
from pilothouse.apps.support.resources import Resources
from pilothouse.apps.support.speaking.summary import Case, summarised
from pilothouse.apps.support.tickets import Citation, Frozen

Yes = Literal["yes", "no", "unclear"]
PART = re.compile(r"(?<=[.!?])\s+|\n+|,?\s(?:and|und)\s")
PRICE = re.compile(r"\b(?:how much (?:is|are|does|do)|wie teuer ist)\b", re.IGNORECASE)
FILLERS = re.compile(
    r"\b(?:policy|policies|conditions|wonder(?:ing)?|whether|happens?|questions?|ask(?:ing)?|kindly|regards|hop(?:e|ing))\b",
    re.IGNORECASE,
)  # words about the question, which no article answers
MOST_PARTS, MOST_ANSWERS = 8, 2  # of a message that are asked one by one, and that are answered
FEWEST_WORDS = 3  # of a message whose language is believed


class Sorted(Frozen):
    """What a message is about, how urgent it is, how it feels (-1 to 1) and in which language it is."""

    topic: str
    confidence: float
    in_scope: bool
    urgency: Urgency
    sentiment: float
    language: str | None
    signs: tuple[str, ...] = ()
    others: tuple[tuple[str, float], ...] = ()


class Heard(Frozen):
    """A message, and what it was sorted as."""

    message: str
    topic: Sorted


class Found(Frozen):
    """What the articles answer: a text, and the source of each of its sentences. Empty where they do not."""

    sentences: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float = Field(ge=0, le=1)


class Shown(Frozen):
    """A change as the customer was shown it, and what they said to that."""

    proposal: Proposal
    message: str


@dataclass(frozen=True)
class Judges:
    """The agents of one desk."""

    triage: Agent[str, Sorted]
    wish: Agent[Heard, Wish]
    answer: Agent[str, Found]
    proposal: Agent[Wanted, Proposal | Missing | Impossible]
    consent: Agent[Shown, Yes]
    summary: Agent[Case, str]

    @property
    def all(self) -> tuple[Agent[str, Sorted] | Agent[Heard, Wish] | Agent[str, Found]
                           | Agent[Wanted, Proposal | Missing | Impossible] | Agent[Shown, Yes]
                           | Agent[Case, str], ...]:  # fmt: skip
        """All of them."""
        return self.triage, self.wish, self.answer, self.proposal, self.consent, self.summary


@agent
def triage(ctx: Context, message: str) -> Sorted:
    """Sort a message by topic, urgency, sentiment and language."""
    verdict, sound = shop_topics().classify(message), tone(message)
    spoken = language(message) if len(message.split()) >= FEWEST_WORDS else None
    found = Sorted(
        topic=verdict.topic if verdict.in_scope else "other",
        confidence=verdict.confidence,
        in_scope=verdict.in_scope,
        urgency=sound.urgency,
        sentiment=sound.sentiment,
        language=spoken,
        signs=sound.signs,
        others=verdict.others,
    )
    ctx.emit(cards.sorted_card(found.model_dump(mode="json"), found.confidence, verdict.others))
    return found


@agent
def wish(ctx: Context, heard: Heard) -> Wish:
    """Read what a customer wants, and the particulars that it takes."""
    known = heard.topic
    verdict = Verdict(known.topic, known.confidence, known.in_scope, known.others)
    found = read_wish(heard.message, verdict)
    ctx.emit(cards.wish_card(found))
    return found


@agent
def proposal(ctx: Context, wanted: Wanted) -> Proposal | Missing | Impossible:
    """Say which change of the records would meet a wish, what is missing, or why there is none."""
    found = propose(wanted)
    ctx.emit(cards.proposal_card(found))
    return found


@agent
def summary(ctx: Context, case: Case) -> str:
    """Tell the person who takes over what was asked, what was tried, and why it is handed over."""
    text = summarised(case)
    ctx.emit(cards.handed_over(case.why, case.urgency))
    return text


def judges(resources: Resources) -> Judges:
    """The agents over what a desk works with."""

    @agent(name="answer")
    def answering(ctx: Context, question: str) -> Found:
        """Answer a question in the words of the articles, with the source of each sentence."""
        given = _best(resources.knowledge(), question)
        told = sorted(given.sentences, key=lambda one: (one.document, one.line))
        found = Found(
            sentences=tuple(one.text for one in told),
            citations=tuple(
                Citation(document=one.document, title=one.title, heading=one.heading, line=one.line)
                for one in told
            ),
            confidence=round(min(1.0, given.confidence), 3),
        )
        ctx.emit(cards.answer_card(found.citations, found.confidence))
        return found

    @agent
    def consent(ctx: Context, shown: Shown) -> Yes:
        """Tell whether a customer said yes to the very change that they were shown, and note it if so."""
        said = read_consent(shown.message)
        if said == "yes":
            resources.shop(ctx.tenant_id).sessions.confirm(str(ctx.run_id), shown.proposal.change)
        ctx.emit(cards.consent_card(said, shown.message))
        return said

    return Judges(triage, wish, answering, proposal, consent, summary)


def _best(base: KnowledgeBase, question: str) -> Answer:
    """The answer to the message, or else to those of its parts that the articles know."""
    asked = FILLERS.sub(" ", PRICE.sub(" cost ", question))
    whole = answer(base, asked)
    parts = [part for part in PART.split(asked) if len(part.split()) > 2]
    if whole.known or len(parts) < 2:
        return whole
    found = [answer(base, part) for part in parts[:MOST_PARTS]]
    known = [one for one in found if one.known][:MOST_ANSWERS]
    told = {one.text: one for given in known for one in given.sentences}
    sure = min((one.confidence for one in known), default=max(one.confidence for one in found))
    return Answer(tuple(told.values()), sure)


def read_consent(message: str) -> Yes:
    """Yes only where nothing else is said: a condition or a number of its own makes it unclear."""
    found = cues().all("verdict", message)
    if "no" in found and "perhaps" not in found:
        return "no"
    if "yes" not in found or "perhaps" in found or "no" in found or "?" in message:
        return "unclear"
    return "yes" if len(message.split()) <= LONGEST_YES else "unclear"


LONGEST_YES = 12
"""Words of a plain yes; who says more may have said something else as well."""
