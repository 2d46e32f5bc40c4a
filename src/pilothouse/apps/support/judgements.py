"""What the desk's agents are asked about and answer: a message sorted, heard and answered, a change shown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pilothouse.apps.support.classifying import Urgency
from pilothouse.apps.support.proposals import Proposal
from pilothouse.apps.support.tickets import Citation, Frozen

Yes = Literal["yes", "no", "unclear"]


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


class Passage(Frozen):
    """A sentence of an article, and where it stands."""

    text: str
    source: Citation


class Found(Frozen):
    """What the articles answer: a text, and the source of each of its sentences. Empty where they do not.

    `near` are further sentences that came near, the nearest first: from them a model may choose others.
    """

    sentences: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float = Field(ge=0, le=1)
    near: tuple[Passage, ...] = ()


class Shown(Frozen):
    """A change as the customer was shown it, and what they said to that."""

    proposal: Proposal
    message: str
