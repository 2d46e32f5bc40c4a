"""What a customer wants: the classifier's topics and phrases together, and whether a rule or a deed is meant.

A topic counts by its probability, a phrase by `SPOKEN`. "How do I return something?" asks for a rule, "I want
to return the lamp" for a deed; an order's number, or asking for it as a favour, makes a deed of either.
"""

from __future__ import annotations

from enum import StrEnum

from pilothouse.apps.support.classifying import Verdict
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.particulars import Particulars, read_particulars
from pilothouse.apps.support.tickets import Frozen

SPOKEN = 0.6  # what a phrase counts, beside probabilities of topics
LEAST = 0.5  # below this nothing in particular is wanted
SMALL = 12  # words of a message that may be nothing but thanks or a greeting


class Kind(StrEnum):
    """What is wanted. The first eight are deeds."""

    CANCEL = "cancel"
    ORDER_ADDRESS = "order_address"
    HOME_ADDRESS = "home_address"
    ORDER_PAYMENT = "order_payment"
    EXCHANGE = "exchange"
    RETURN = "return"
    REFUND = "refund"
    ORDER_STATUS = "order_status"
    QUESTION = "question"
    PERSON = "person"
    COMPLAINT = "complaint"
    DETAILS = "details"
    HELLO = "hello"
    CLOSING = "closing"
    UNCLEAR = "unclear"

    @property
    def is_deed(self) -> bool:
        """Whether something is to be looked up or done about the customer's own records."""
        return self in DEEDS


DEEDS = frozenset(list(Kind)[:8])
OF_TOPIC = {
    "order_status": Kind.ORDER_STATUS,
    "cancel": Kind.CANCEL,
    "change_address": Kind.ORDER_ADDRESS,
    "return": Kind.RETURN,
    "refund": Kind.REFUND,
    "exchange": Kind.EXCHANGE,
    "payment": Kind.QUESTION,
    "delivery": Kind.QUESTION,
    "product_question": Kind.QUESTION,
    "account": Kind.QUESTION,
    "complaint": Kind.COMPLAINT,
}


class Wish(Frozen):
    """What is wanted, with how much speaks for it from 0 to 1, the signs of it, and its particulars.

    `others` are what else it could be, with what speaks for each. `about` is the deed that a question is
    about.
    """

    kind: Kind
    confidence: float
    signs: tuple[str, ...] = ()
    others: tuple[tuple[str, float], ...] = ()
    particulars: Particulars = Particulars()
    about: Kind | None = None


def read_wish(message: str, verdict: Verdict) -> Wish:
    """What a message asks for. `verdict` is the classifier's on it."""
    particulars = read_particulars(message)
    small = _small(message)
    if small is not None:
        return Wish(kind=small, confidence=1.0, signs=(message.strip()[:60],), particulars=particulars)
    spoken = cues().all("wish", message)
    if "person" in spoken and len(message.split()) <= SMALL * 2:
        return Wish(kind=Kind.PERSON, confidence=0.9, signs=(spoken["person"],), particulars=particulars)
    scores = _scores(spoken, verdict)
    ranked = sorted(scores.items(), key=lambda one: -one[1])
    others = tuple((kind.value, round(score, 3)) for kind, score in ranked[1:3])
    kind, score = ranked[0] if ranked else (Kind.UNCLEAR, 0.0)
    about = None
    if score < LEAST:
        kind = Kind.DETAILS if _gives_details(particulars) else Kind.UNCLEAR
    elif kind.is_deed and _asks_for_a_rule(message, kind, particulars):
        kind, about = Kind.QUESTION, kind
    signs = tuple(spoken.values()) or ((verdict.topic,) if verdict.in_scope else ())
    confidence = round(min(1.0, score), 3)
    return Wish(
        kind=kind, confidence=confidence, signs=signs, others=others, particulars=particulars, about=about
    )


def _small(message: str) -> Kind | None:
    """What a short message is that only greets, or only thanks."""
    if len(message.split()) > SMALL:
        return None
    if cues().whole("small", message) == "hello":
        return Kind.HELLO
    if cues().first("closing", message) and cues().whole("small", message) == "thanks":
        return Kind.CLOSING
    return None


def _scores(spoken: dict[str, str], verdict: Verdict) -> dict[Kind, float]:
    scores: dict[Kind, float] = {}
    if verdict.in_scope:
        for topic, share in ((verdict.topic, verdict.confidence), *verdict.others):
            kind = OF_TOPIC.get(topic, Kind.QUESTION)
            scores[kind] = scores.get(kind, 0.0) + share
    for name in spoken:
        kind = Kind(name)
        scores[kind] = scores.get(kind, 0.0) + SPOKEN
    if Kind.HOME_ADDRESS in scores:  # said more precisely than an order's
        scores[Kind.HOME_ADDRESS] += scores.pop(Kind.ORDER_ADDRESS, 0.0)
    if Kind.ORDER_PAYMENT in scores:
        scores[Kind.ORDER_PAYMENT] += scores.pop(Kind.QUESTION, 0.0)
    return scores


def _gives_details(found: Particulars) -> bool:
    said = (found.orders, found.email, found.postcode, found.last_name, found.address, found.amount_cents)
    return any(said) or bool(found.cancel_reason or found.refund_reason or found.payment)


def _asks_for_a_rule(message: str, kind: Kind, found: Particulars) -> bool:
    """Whether a message asks how something is done, not to do it."""
    if found.orders or kind is Kind.ORDER_STATUS:
        return kind is Kind.ORDER_STATUS and "if" in message.casefold().split() and not found.orders
    if cues().first("asking", message) is None:
        return False
    asked = cues().all("asking", message)
    return "rule" in asked and "deed" not in asked
