"""What comes in and what goes out: a customer's ticket, what was said, and how a conversation ended."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

LONGEST = 20_000
"""Characters of a ticket. A longer one is refused: what nobody reads, nobody can answer."""

Line = Annotated[str, Field(max_length=500)]


class Frozen(BaseModel):
    """What is passed on, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ticket(Frozen):
    """What a customer wrote. Everything in it is data from outside, `sender` included: it proves nothing.

    `channel` is where it came from; `attachments` are names of files that came with it and were not read.
    """

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    subject: Line = ""
    sender: Annotated[str, Field(max_length=254)] = ""
    channel: Annotated[str, Field(max_length=40)] = "chat"
    attachments: tuple[Line, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_a_ticket(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Ticket:
        if not f"{self.subject}{self.text}".strip():
            message = "The ticket is empty: it has neither a text nor a subject."
            raise ValueError(message)
        return self

    @property
    def message(self) -> str:
        """Subject and text as one message; a subject that the text begins with is said once."""
        subject = self.subject.strip()
        if not subject or self.text.strip().startswith(subject):
            return self.text.strip()
        return f"{subject}\n{self.text.strip()}"


class Speaker(StrEnum):
    """Who said something."""

    CUSTOMER = "customer"
    DESK = "desk"
    PERSON = "person"


class Citation(Frozen):
    """Where a sentence stands: the article, its heading, and the line from 1."""

    document: str
    title: str
    heading: str
    line: int

    def __str__(self) -> str:
        return f"{self.title}, {self.heading}" if self.heading else self.title


class Said(Frozen):
    """One message of a conversation, with the sources of what the desk said."""

    by: Speaker
    text: str
    citations: tuple[Citation, ...] = ()


class Ending(StrEnum):
    """How a conversation ended."""

    SOLVED = "solved"
    SILENT = "silent"
    HANDED_OVER = "handed_over"


class Outcome(Frozen):
    """A conversation that is over. `actions` are what was done, each in one line."""

    ending: Ending
    topic: str
    language: str
    verified: bool
    messages: tuple[Said, ...]
    actions: tuple[str, ...] = ()
