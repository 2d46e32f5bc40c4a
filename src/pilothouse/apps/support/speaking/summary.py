"""The summary for the person who takes over: who, what was asked, what was tried, why, how urgent."""

from __future__ import annotations

from pilothouse.apps.support.tickets import Frozen, Said, Speaker

LONGEST_MESSAGE = 1_500
MOST_MESSAGES = 30


class Case(Frozen):
    """What is known of a conversation that is handed over. `who` is masked unless they were verified."""

    who: str
    verified: bool
    why: str
    topic: str
    wish: str
    urgency: str
    sentiment: float
    language: str
    channel: str
    messages: tuple[Said, ...]
    tried: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()


def masked(email: str) -> str:
    """An e-mail address of which the first letters and the length are no longer seen."""
    local, _, domain = email.partition("@")
    name, _, end = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{end}" if name else "***"


def summarised(case: Case) -> str:
    """The summary, in Markdown. What the customer said is quoted, line by line."""
    head, last = facts(case)[:-1], facts(case)[-1]
    return "\n".join([*head, *conversation(case), last])


def facts(case: Case) -> list[str]:
    """The lines that tell who wants what, what was tried and done, and why a person takes over."""
    proof = "verified" if case.verified else "not verified: give no personal data, change nothing"
    feeling = "upset" if case.sentiment <= -0.3 else "pleased" if case.sentiment >= 0.3 else "neutral"
    return [
        f"A customer needs you ({case.urgency} urgency, {feeling}, writes {case.language}).",
        f"Who: {case.who} ({proof}); came by {case.channel}.",
        f"Why: {case.why}",
        f"Wants: {case.wish.replace('_', ' ')}; topic {case.topic.replace('_', ' ')}.",
        *_list("Tried", case.tried),
        *_list("Done", case.actions),
        *_list("Attachments, not read", case.attachments),
        "What you answer goes to the customer as it is.",
    ]


def conversation(case: Case) -> list[str]:
    """What was said last, quoted."""
    said = (line for one in case.messages[-MOST_MESSAGES:] for line in quoted(one))
    return ["Conversation:", *said]


def quoted(said: Said) -> list[str]:
    """A message as a quotation, with its sources."""
    who = {Speaker.CUSTOMER: "Customer", Speaker.DESK: "Desk", Speaker.PERSON: "Colleague"}[said.by]
    text = said.text if len(said.text) <= LONGEST_MESSAGE else f"{said.text[:LONGEST_MESSAGE]} [...]"
    lines = text.splitlines() or [""]
    sources = [f"> [{', '.join(dict.fromkeys(map(str, said.citations)))}]"] if said.citations else []
    return [f"> {who}: {lines[0]}", *(f"> {line}" for line in lines[1:]), *sources]


def _list(title: str, items: tuple[str, ...]) -> list[str]:
    return [f"{title}: {'; '.join(items)}"] if items else []
