"""Whether a wish is the customer's own: every particular is in what they wrote, and no money is invented.

What decides about money (an amount, the reason of a refund, a way of payment, everything instead of an item)
a model may leave out, and never add: there the expert's reading holds. So it does where a wish ends the
conversation, or asks for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilothouse.apps.support.classifying import Verdict
from pilothouse.apps.support.judgements import Heard
from pilothouse.apps.support.reading.addresses import COUNTRIES
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.particulars import ORDER, Particulars
from pilothouse.apps.support.reading.wishes import Kind, Wish, read_wish

FIRM = frozenset({Kind.PERSON, Kind.CLOSING, Kind.HELLO})
"""Wishes of which a phrase is the sign: a model neither adds nor takes them away."""
MONEY = ("refund_reason", "payment", "amount_cents")
"""Particulars that decide whether and how money moves."""
SAID = ("email", "postcode", "first_name", "last_name")
SPACE = re.compile(r"\s+")


def wish_problems(heard: Heard, found: Wish) -> list[str]:
    """What is wrong with what a message is said to want."""
    topic = heard.topic
    expert = read_wish(heard.message, Verdict(topic.topic, topic.confidence, topic.in_scope, topic.others))
    return [
        *_kind(heard.message, expert, found),
        *_particulars(heard.message, expert.particulars, found.particulars),
        *_money(expert.particulars, found.particulars),
        *_lost(expert.particulars, found.particulars),
    ]


def _kind(message: str, expert: Wish, found: Wish) -> Iterator[str]:
    kinds = {expert.kind, found.kind}
    if len(kinds) > 1 and kinds & FIRM:
        yield f"kind is {expert.kind.value}: {', '.join(FIRM)} go by the words of the message alone"
    if not 0 <= found.confidence <= 1:
        yield f"confidence {found.confidence} is not from 0 to 1"
    if found.kind.is_deed and found.kind is not expert.kind and not found.signs:
        yield "signs: name the words of the message that ask for this"
    for sign in found.signs:
        if sign not in expert.signs and not _in(sign, message):
            yield f"signs: {sign[:60]!r} does not stand in the message"
    for name, share in found.others:
        if name not in set(Kind) or not 0 <= share <= 1:
            yield f"others: {name[:60]!r} with {share} is no known wish with a share from 0 to 1"
    if found.about is not None and (found.kind is not Kind.QUESTION or not found.about.is_deed):
        yield "about is the deed that a question is about, and of nothing else"


def _particulars(message: str, expert: Particulars, found: Particulars) -> Iterator[str]:
    """Particulars that nobody wrote."""
    for order in found.orders:
        if order not in expert.orders and not (ORDER.fullmatch(order) and _in(order, message)):
            yield f"orders: {order[:60]!r} does not stand in the message"
    for name in SAID:
        value = getattr(found, name)
        if value and value != getattr(expert, name) and not _in(value, message):
            yield f"{name}: {value[:60]!r} does not stand in the message"
    address = found.address
    for name, value in address.model_dump(exclude_none=True).items() if address else ():
        words = [word for word, country in COUNTRIES.items() if country == value] or [value]
        if not any(_in(word, message) for word in words):
            yield f"address.{name}: {value[:60]!r} does not stand in the message"
    reasons = cues().groups["cancel_reason"]
    if found.cancel_reason not in {None, *reasons}:
        yield f"cancel_reason is one of {', '.join(reasons)}, or null"
    if found.text not in {"", message}:
        yield "particulars.text is left empty"


def _money(expert: Particulars, found: Particulars) -> Iterator[str]:
    """What would move money and was not read from the message by rules."""
    for name in MONEY:
        value, read = getattr(found, name), getattr(expert, name)
        if value is not None and value != read:
            yield f"{name}: {value!r} was not said; leave it {'null' if read is None else repr(read)}"
    if found.everything and not expert.everything:
        yield "everything: the message does not ask for everything"


def _lost(expert: Particulars, found: Particulars) -> Iterator[str]:
    """What the expert read and a model must not leave out."""
    for order in expert.orders:
        if not order.isdigit() and order not in found.orders:  # digits alone may be something else
            yield f"orders: {order} is missing"
    if expert.email and found.email != expert.email:
        yield f"email: {expert.email} is missing"


def _in(value: str, message: str) -> bool:
    """Whether words stand in a message as they are, but for case and spaces: no part of a longer word."""
    plain = SPACE.sub(" ", value.strip()).casefold()
    said = SPACE.sub(" ", message.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).casefold()
    return bool(plain) and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", said) is not None
