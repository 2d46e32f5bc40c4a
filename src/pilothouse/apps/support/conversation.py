"""A conversation as it stands: what was said, what is known, what is open. Rebuilt by every replay."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pilothouse import Context
from pilothouse.apps.support import cards
from pilothouse.apps.support.agents import Judges
from pilothouse.apps.support.judgements import Found, Sorted
from pilothouse.apps.support.proposals import Proposal, Say
from pilothouse.apps.support.reading.particulars import Particulars
from pilothouse.apps.support.reading.wishes import Kind, Wish
from pilothouse.apps.support.shop.tools import ShopTools
from pilothouse.apps.support.speaking.replies import FALLBACK, languages, spoken
from pilothouse.apps.support.speaking.summary import Case, masked
from pilothouse.apps.support.tickets import Citation, Said, Speaker, Ticket

CUSTOMER_ROLE, PERSON_ROLE = "customer", "support"
"""Whose questions these are: `approver:customer` answers as the customer (a shop front), `approver:support`
as the person who takes over."""

SILENCE = "(no answer)"
"""What is taken as a customer's answer where none comes."""

SILENT_AFTER = dt.timedelta(days=3)
PATIENCE = 3
"""How often the same thing is asked before a person takes over."""


class HandOver(Exception):
    """A person has to take over: `why`, for them, and the `line` that tells the customer."""

    def __init__(self, why: str, line: str = "handing_over") -> None:
        self.why, self.line = why, line
        super().__init__(why)


@dataclass
class Conversation:
    """One conversation. `say` adds to the reply of this turn, `reply` closes it."""

    ctx: Context
    judges: Judges
    tools: ShopTools
    ticket: Ticket
    language: str = FALLBACK
    topic: Sorted | None = None
    wish: Wish | None = None
    shown: Proposal | None = None
    known: Particulars = field(default_factory=Particulars)
    customer_id: str | None = None
    wanted: str = "unclear"
    offered: Kind | None = None
    order_id: str | None = None
    messages: list[Said] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    with_person: bool = False
    asked: str = ""
    asking: Say | None = None
    times: int = 0
    questions: int = 0
    _lines: list[str] = field(default_factory=list)
    _cited: list[Citation] = field(default_factory=list)

    def hear(self, message: str) -> None:
        """The customer said something."""
        self.messages.append(Said(by=Speaker.CUSTOMER, text=message))

    def speak(self, language: str | None) -> None:
        """Go on in the customer's language, where the desk has it."""
        if language in languages():
            self.language = language or FALLBACK

    def say(self, line: str, **places: str) -> None:
        """Add a line of the catalogue to the reply."""
        self._lines.append(self.spoken(Say(line=line, places=places)))

    def say_only(self, line: str) -> None:
        """Say this instead of what the reply has so far."""
        self._lines, self._cited = [], []
        self.say(line)

    def say_this(self, say: Say) -> None:
        """Add a line that an agent chose."""
        self._lines.append(self.spoken(say))

    def spoken(self, say: Say) -> str:
        """A line in the customer's language."""
        return spoken(say, self.language)

    def cite(self, found: Found) -> None:
        """Add sentences of the articles, each with the number of its source, and the sources below."""
        numbers: dict[str, int] = {}
        told = []
        for text, source in zip(found.sentences, found.citations, strict=True):
            number = numbers.setdefault(str(source), len(numbers) + 1)
            told.append(f"{text} [{number}]")
        sources = "; ".join(f"[{number}] {place}" for place, number in numbers.items())
        self._lines.append(f"{' '.join(told)}\n{sources}")
        self._cited.extend(found.citations)

    def ask(self, what: str, say: Say) -> None:
        """Ask for something; how often in a row it was asked for is counted."""
        self.times = self.times + 1 if self.asked == what else 1
        self.asked, self.asking = what, say
        self.say_this(say)

    def insist_on_progress(self) -> None:
        """Raise `HandOver` where the same was asked so often that a person should take over."""
        if self.times > PATIENCE:
            raise HandOver(f"asked for {self.asked.replace('_', ' ')} {self.times} times in vain")

    def close(self) -> None:
        """Nothing is open any more."""
        self.wish = self.shown = None
        self.asked, self.asking, self.times = "", None, 0

    def reply(self, *, aside: bool) -> str:
        """Close this turn's reply; where no question to the customer follows, it is recorded `aside`."""
        text = "\n\n".join(self._lines)
        cited = tuple(self._cited)
        self._lines, self._cited = [], []
        self.messages.append(Said(by=Speaker.DESK, text=text, citations=cited))
        if aside:
            self.ctx.emit(cards.reply_card(text, cited))
        return text

    async def next_message(self, prompt: str) -> str | None:
        """The customer's next message; None where they stay silent. The run waits for it, holding nothing."""
        self.questions += 1
        said = await self.ctx.ask(
            prompt,
            choices=self._proposed(),
            free=True,
            default=SILENCE,
            why="The customer reads this, and may answer.",
            default_assumes="the customer has nothing to add",
            expires_after=SILENT_AFTER,
            role=CUSTOMER_ROLE,
            untrusted=True,
            key=f"reply-{self.questions}",
        )
        return None if said == SILENCE else said

    def _proposed(self) -> tuple[str, ...]:
        """What may be answered at a press where the customer was shown what would be done."""
        if self.shown is None:
            return ()
        return tuple(self.spoken(Say(line=line)) for line in ("answer_yes", "answer_no"))

    async def person_says(self, why: str) -> str:
        """What the person who takes over answers, once there is one."""
        summary = await self.ctx.call(self.judges.summary, self._case(why))
        self.questions += 1
        said = await self.ctx.ask(
            summary, why="Your answer goes to the customer.", role=PERSON_ROLE, key=f"person-{self.questions}"
        )
        self.with_person = True
        self.close()
        self.messages.append(Said(by=Speaker.PERSON, text=said))
        return said

    def _case(self, why: str) -> Case:
        topic = self.topic
        email = self.known.email or self.ticket.sender
        unknown = masked(email) if email else "unknown"
        return Case(
            who=f"customer {self.customer_id}" if self.customer_id else unknown,
            verified=self.customer_id is not None,
            why=why,
            topic=topic.topic if topic else "other",
            wish=self.wish.kind.value if self.wish else self.wanted,
            urgency=topic.urgency.value if topic else "normal",
            sentiment=topic.sentiment if topic else 0.0,
            language=(topic.language if topic else None) or self.language,
            channel=self.ticket.channel,
            messages=tuple(self.messages),
            tried=tuple(self.tried),
            actions=tuple(self.actions),
            attachments=self.ticket.attachments,
        )
