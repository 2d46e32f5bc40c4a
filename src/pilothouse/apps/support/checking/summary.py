"""Whether a summary tells the case, the whole case as far as it decides something, and nothing but the case.

The lines of facts stay as they are. What was said may be told in short: every order number stays in it, and
no number, address or amount is in it that is not in the case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilothouse.apps.support.reading.particulars import EMAIL, ORDER
from pilothouse.apps.support.speaking.summary import Case, conversation, facts, summarised
from pilothouse.apps.support.tickets import Speaker

LONGER = 1_000
"""Characters that a summary may have more than the expert's, which quotes what was said."""
LABEL = re.compile(r"^(?:Who|Why|Wants|Tried|Done|Attachments, not read):.*$", re.MULTILINE)
"""A line of facts."""
NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")


def summary_problems(case: Case, text: str) -> list[str]:
    """What is wrong with the summary of a case."""
    return [*_kept(case, text), *_added(case, text)]


def _kept(case: Case, text: str) -> Iterator[str]:
    known = facts(case)
    for line in known:
        if line not in text:
            yield f"this line is missing, word for word: {line[:300]}"
    for found in LABEL.finditer(text):
        if not any(found[0].strip() in line for line in known):
            yield f"this is no line of the case: {found[0][:80]}"
    said = "\n".join(one.text for one in case.messages if one.by is Speaker.CUSTOMER)
    for order in dict.fromkeys(found[1] for found in ORDER.finditer(EMAIL.sub(" ", said))):
        if order.casefold() not in text.casefold():
            yield f"the number {order} is missing, which the customer named"


def _added(case: Case, text: str) -> Iterator[str]:
    whole = "\n".join([*facts(case), *conversation(case), *(one.text for one in case.messages)])
    known = whole.casefold()
    for email in dict.fromkeys(found[0] for found in EMAIL.finditer(text)):
        if email.rstrip(".").casefold() not in known:
            yield f"{email[:80]} is not in the case"
    numbers = set(NUMBER.findall(whole))
    for number in dict.fromkeys(NUMBER.findall(text)):
        if number not in numbers:
            yield f"the number {number[:40]} is not in the case"
    if len(text) > len(summarised(case)) + LONGER:
        yield "the summary is longer than what it sums up"
