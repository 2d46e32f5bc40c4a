"""The desk's judgements, each an agent with a reason card: they read, and only the workflow acts.

Above four of them a model's rung can stand: whatever it answers is a wish or a text, never an action, and it
is checked. `proposal` is rules of the shop, and `consent` notes a fact: no model is asked for either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pilothouse import Agent, Context, agent
from pilothouse.apps.support import cards
from pilothouse.apps.support.answering import NEAR, Answer, Sentence, answer
from pilothouse.apps.support.checking.answer import answer_problems
from pilothouse.apps.support.checking.summary import summary_problems
from pilothouse.apps.support.checking.triage import triage_problems
from pilothouse.apps.support.checking.wish import wish_problems
from pilothouse.apps.support.classifying import Verdict, language, shop_topics, tone
from pilothouse.apps.support.judgements import Found, Heard, Passage, Shown, Sorted, Yes
from pilothouse.apps.support.knowledge.base import KnowledgeBase
from pilothouse.apps.support.proposals import Impossible, Missing, Proposal, Wanted, propose
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.wishes import Wish, read_wish
from pilothouse.apps.support.resources import Resources
from pilothouse.apps.support.speaking.summary import Case, summarised
from pilothouse.apps.support.tickets import Citation

PART = re.compile(r"(?<=[.!?])\s+|\n+|,?\s(?:and|und)\s")
PRICE = re.compile(r"\b(?:how much (?:is|are|does|do)|wie teuer ist)\b", re.IGNORECASE)
FILLERS = re.compile(
    r"\b(?:policy|policies|conditions|wonder(?:ing)?|whether|happens?|questions?|ask(?:ing)?|kindly|regards|hop(?:e|ing))\b",
    re.IGNORECASE,
)  # words about the question, which no article answers
MOST_PARTS, MOST_ANSWERS = 8, 2  # of a message that are asked one by one, and that are answered
FEWEST_WORDS = 3  # of a message whose language is believed


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


@agent(prompt="support/triage", draft=True, verify=triage_problems, card=cards.sorted_card)
def triage(_: Context, message: str) -> Sorted:
    """Sort a message by topic, urgency, sentiment and language."""
    verdict, sound = shop_topics().classify(message), tone(message)
    spoken = language(message) if len(message.split()) >= FEWEST_WORDS else None
    return Sorted(
        topic=verdict.topic if verdict.in_scope else "other",
        confidence=verdict.confidence,
        in_scope=verdict.in_scope,
        urgency=sound.urgency,
        sentiment=sound.sentiment,
        language=spoken,
        signs=sound.signs,
        others=verdict.others,
    )


@agent(prompt="support/wish", draft=True, verify=wish_problems, card=cards.wish_card)
def wish(_: Context, heard: Heard) -> Wish:
    """Read what a customer wants, and the particulars that it takes."""
    known = heard.topic
    verdict = Verdict(known.topic, known.confidence, known.in_scope, known.others)
    return read_wish(heard.message, verdict)


@agent
def proposal(ctx: Context, wanted: Wanted) -> Proposal | Missing | Impossible:
    """Say which change of the records would meet a wish, what is missing, or why there is none."""
    found = propose(wanted)
    ctx.emit(cards.proposal_card(found))
    return found


@agent(prompt="support/summary", draft=True, verify=summary_problems, card=cards.handed_over)
def summary(_: Context, case: Case) -> str:
    """Tell the person who takes over what was asked, what was tried, and why it is handed over."""
    return summarised(case)


def judges(resources: Resources) -> Judges:
    """The agents over what a desk works with."""

    def unlike(question: str, found: Found) -> list[str]:
        return answer_problems(_found(_best(resources.knowledge(), question)), found)

    @agent(name="answer", prompt="support/answer", draft=True, verify=unlike, card=cards.answer_card)
    def answering(_: Context, question: str) -> Found:
        """Answer a question in the words of the articles, with the source of each sentence."""
        return _found(_best(resources.knowledge(), question))

    @agent
    def consent(ctx: Context, shown: Shown) -> Yes:
        """Tell whether a customer said yes to the very change that they were shown, and note it if so."""
        said = read_consent(shown.message)
        if said == "yes":
            resources.shop(ctx.tenant_id).sessions.confirm(str(ctx.run_id), shown.proposal.change)
        ctx.emit(cards.consent_card(said, shown.message))
        return said

    return Judges(triage, wish, answering, proposal, consent, summary)


def _found(given: Answer) -> Found:
    """An answer with its sentences in the order of the articles."""
    told = sorted(given.sentences, key=lambda one: (one.document, one.line))
    return Found(
        sentences=tuple(one.text for one in told),
        citations=tuple(_source(one) for one in told),
        confidence=round(min(1.0, given.confidence), 3),
        near=tuple(Passage(text=one.text, source=_source(one)) for one in given.near),
    )


def _source(one: Sentence) -> Citation:
    return Citation(document=one.document, title=one.title, heading=one.heading, line=one.line)


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
    near = {one.text: one for given in found for one in given.near if one.text not in told}
    return Answer(tuple(told.values()), sure, tuple(near.values())[:NEAR])


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
