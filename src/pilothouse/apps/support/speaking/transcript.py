"""`conversation.md`: what was said, with sources, what was done, and how it ended."""

from __future__ import annotations

from pilothouse.apps.support.tickets import Outcome, Speaker

FILE = "conversation.md"
WHO = {Speaker.CUSTOMER: "Customer", Speaker.DESK: "Desk", Speaker.PERSON: "Colleague"}


def transcript(outcome: Outcome) -> str:
    """The conversation in Markdown. What was said is quoted, so that it cannot pass for the page."""
    cited: dict[str, int] = {}
    ended, topic = (text.replace("_", " ") for text in (outcome.ending.value, outcome.topic))
    known = "verified" if outcome.verified else "not verified"
    about = f"Ended: {ended}. Topic: {topic}. Language: {outcome.language}. Customer: {known}."
    parts = ["# Conversation", "", about, ""]
    for said in outcome.messages:
        parts += [f"**{WHO[said.by]}**", ""]
        parts += [f"> {line}" for line in said.text.splitlines()]
        if said.citations:
            marks = (cited.setdefault(_place(one), len(cited) + 1) for one in said.citations)
            parts += [">", f"> {' '.join(f'[{mark}]' for mark in dict.fromkeys(marks))}"]
        parts.append("")
    if outcome.actions:
        parts += ["## Done", "", *(f"- {line}" for line in outcome.actions), ""]
    if cited:
        parts += ["## Sources", "", *(f"{number}. {place}" for place, number in cited.items()), ""]
    return "\n".join(parts)


def _place(one: object) -> str:
    document, line = getattr(one, "document", ""), getattr(one, "line", 0)
    return f"{one} ({document}, line {line})"
