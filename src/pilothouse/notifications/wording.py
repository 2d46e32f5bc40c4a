"""What exactly goes out: a title, lines of text, and the same as data for webhooks.

It holds no personal data and no secrets: questions come masked as for somebody without any rights, and the
rest are names and figures that people have set.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from pilothouse.inbox.schemas import Glance, Linked
from pilothouse.kit.canonical import to_json
from pilothouse.notifications.schemas import Event
from pilothouse.runtime.questions import QuestionKind

LONGEST = 1_000
"""Characters of one line; chat services refuse texts of some thousands."""


@dataclass(frozen=True)
class Told:
    """A message as it goes out. A link in it decides an action: neither text nor data are shown by `repr`."""

    event: Event
    title: str
    at: dt.datetime
    lines: tuple[str, ...] = field(repr=False)
    data: Mapping[str, JsonValue] = field(repr=False)

    @property
    def text(self) -> str:
        """The lines below the title."""
        return "\n".join(self.lines)

    def document(self) -> dict[str, Any]:
        """What a webhook is sent."""
        return {
            "type": self.event.value,
            "timestamp": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "data": {"title": self.title, **self.data},
        }


def event_of(kind: str, seen: Glance | None) -> Event:
    """Which event a notice is."""
    if seen is None:
        of_kind = {"budget": Event.BUDGET_ALERT, "experiment": Event.EXPERIMENT_ARM_STOPPED}
        return of_kind.get(kind, Event.SWITCH_KILLED)
    approval = seen.question.kind is QuestionKind.APPROVAL
    if kind == "expiring":
        return Event.APPROVAL_EXPIRING if approval else Event.QUESTION_EXPIRING
    if not approval:
        return Event.QUESTION_OPENED
    escalated = seen.question.action is not None and seen.question.action.escalated
    return Event.APPROVAL_ESCALATED if escalated else Event.APPROVAL_OPENED


def of_question(event: Event, at: dt.datetime, seen: Glance, url: str | None, link: Linked | None) -> Told:
    """A question or an approval that waits. `url` is where Pilothouse is, `link` what decides by itself."""
    question, action = seen.question, seen.question.action
    data: dict[str, JsonValue] = {
        "question_id": str(question.id),
        "run_id": str(question.run_id),
        "kind": question.kind.value,
        "role": question.role,
        "assignee": question.assignee,
        "expires_at": None if question.expires_at is None else question.expires_at.isoformat(),
        "sealed": seen.sealed,
    }
    if action is not None:
        data["action"] = {
            "tool": action.tool,
            "digest": action.digest,
            "workflow": action.workflow,
            "arguments": action.arguments,
            "cost": None if action.cost is None else str(action.cost),
            "reasons": list(action.reasons),
        }
    else:
        data["prompt"] = question.prompt
    if url is not None:
        data["api_url"] = f"{url}/api/v1/questions/{question.id}"
    if link is not None:
        data["link"] = {
            "url": link.url,
            "token": link.token,
            "callback": f"{url}/api/v1/links/decide",
            "addressee": link.addressee,
            "expires_at": link.expires_at.isoformat(),
        }
    return Told(event, _title(event, seen), at, tuple(_lines(seen, link)), data)


def of_alert(at: dt.datetime, facts: Mapping[str, Any]) -> Told:
    """A budget of which 50, 80 or 100 % are used."""
    unit = facts["currency"] or facts["unit"]
    title = f"Budget {facts['budget']}: {facts['level']} % used"
    line = f"{facts['spent']} of {facts['at_most']} {unit} in {facts['period']}"
    return Told(Event.BUDGET_ALERT, title, at, (line,), dict(facts))


def of_kill(at: dt.datetime, facts: Mapping[str, Any]) -> Told:
    """A kill switch that was thrown."""
    what = f"{facts['kind']} {facts['name']}".strip()
    lines = (f"by {facts['by']}: {_short(str(facts['why']))}", f"until {facts['until'] or 'it is let go'}")
    return Told(Event.SWITCH_KILLED, f"Killed: {what}", at, lines, dict(facts))


def of_arm(at: dt.datetime, facts: Mapping[str, Any]) -> Told:
    """An arm of an experiment that a guard has stopped."""
    title = f"Experiment {facts['experiment']}: arm {facts['arm']} was stopped"
    lines = (_short(str(facts["why"])), f"about {facts['about']}, after {facts['calls']} calls of the arm")
    return Told(Event.EXPERIMENT_ARM_STOPPED, title, at, lines, dict(facts))


def of_test(at: dt.datetime, name: str) -> Told:
    """A message that only shows that messages arrive."""
    title = "Pilothouse: a test"
    return Told(Event.TEST, title, at, (f"The target {name} is reached.",), {"target": name})


def _title(event: Event, seen: Glance) -> str:
    action = seen.question.action
    if action is None:
        begins = "Question expires soon" if event is Event.QUESTION_EXPIRING else "Question"
        asked = "of a run with personal data" if seen.sealed else _short(seen.question.prompt, 200)
        return f"{begins}: {asked}"
    verb = {
        Event.APPROVAL_ESCALATED: "Approval was escalated",
        Event.APPROVAL_EXPIRING: "Approval expires soon",
    }.get(event, "Approval wanted")
    return f"{verb}: {action.tool}"


def _lines(seen: Glance, link: Linked | None) -> Iterator[str]:
    question, action = seen.question, seen.question.action
    if action is not None:
        arguments = "not shown here" if seen.sealed else _short(to_json(action.arguments).decode())
        yield f"arguments: {arguments}"
        if action.cost is not None:
            yield f"cost: {action.cost}"
        for reason in action.reasons:
            yield f"reason: {_short(reason)}"
        yield f"workflow: {action.workflow}, digest: {action.digest}"
    whom = question.assignee or (
        f"approver:{question.role}" if question.role else "whoever answers questions"
    )
    yield f"for: {whom}"
    if question.expires_at is not None:
        yield f"expires: {question.expires_at:%Y-%m-%d %H:%M} UTC"
    yield f"pilothouse inbox show {str(question.id)[-8:]}"
    if link is not None:
        yield f"decide once, by {link.expires_at:%Y-%m-%d %H:%M} UTC: {link.url}"


def _short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
