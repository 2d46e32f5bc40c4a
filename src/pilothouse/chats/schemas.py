"""What crosses the API about chats: links for customers, and what customers see."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pilothouse.kit.numbers import Whole
from pilothouse.kit.text import Line, Text

LONGEST_TOKEN = 120
"""Characters of a link's token or a session's value: a tenant's id, and 256 random bits."""

WorkflowName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$", examples=["support"])]
EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        min_length=3,
        max_length=254,
        pattern=r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$",
    ),
]
ChatToken = Annotated[
    str, Field(min_length=20, max_length=LONGEST_TOKEN, json_schema_extra={"format": "password"})
]


class ChatLinkWanted(BaseModel):
    """A link for the customer with this e-mail address, who is to talk with this workflow.

    It is good for so many `minutes`, at most a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow: WorkflowName
    email: EmailAddress
    name: Line = ""
    minutes: Annotated[int, Field(ge=5, le=1_440), Whole] = 15


class ChatLink(BaseModel):
    """A link that was made: whoever opens it and presses the button is taken for the customer, once."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    url: str = Field(repr=False)
    expires_at: dt.datetime


class ChatLinkState(StrEnum):
    """Whether a link can still be used, was used, or is over."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"


class ChatLinkShown(BaseModel):
    """A link as it is listed: for whom, not the address by which it lets anybody in.

    The customer is null where the key to their address was destroyed.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    workflow: str
    email: str | None = Field(repr=False)
    name: str | None = Field(repr=False)
    state: ChatLinkState
    made_by: str
    made_at: dt.datetime
    expires_at: dt.datetime
    used_at: dt.datetime | None


class ChatEntry(BaseModel):
    """The token of a link, by which a customer comes in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: ChatToken = Field(repr=False)


class ChatSession(BaseModel):
    """Who has come in. Every change has to carry the `csrf_token` as `X-CSRF-Token`."""

    model_config = ConfigDict(frozen=True)

    workflow: str
    email: str
    name: str
    csrf_token: str = Field(repr=False)
    expires_at: dt.datetime


class ChatStart(BaseModel):
    """The first message of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text = Field(min_length=1)


class ChatReply(BaseModel):
    """A further message: the answer to what the desk has said last, which `to` names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[str, Field(min_length=1, max_length=200)]
    text: Text = Field(min_length=1)


class ChatSpeaker(StrEnum):
    """Who says something: the customer, the desk, or a person of the desk."""

    CUSTOMER = "customer"
    DESK = "desk"
    PERSON = "person"


class ChatState(StrEnum):
    """How it stands: the desk works on an answer, waits for the customer, or for a person; or it is over."""

    ANSWERING = "answering"
    YOURS = "yours"
    WITH_PERSON = "with_person"
    ENDED = "ended"


class ChatMessage(BaseModel):
    """One message. `to` is what the customer answers with it; `choices` are answers that are proposed."""

    model_config = ConfigDict(frozen=True)

    seq: int
    by: ChatSpeaker
    text: str
    at: dt.datetime | None
    to: str | None = None
    choices: list[str] = []


class ChatConversation(BaseModel):
    """A conversation as its customer sees it. `waits_for` is named by the next message, where one is due.

    Of two pictures of it the one with the higher `seq` is the later one.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    seq: int
    state: ChatState
    waits_for: str | None
    messages: list[ChatMessage]


class ChatConversationSummary(BaseModel):
    """A conversation in a list."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    made_at: dt.datetime
    is_over: bool


class ChatConversations(BaseModel):
    """The customer's conversations, the newest first; at most 50."""

    model_config = ConfigDict(frozen=True)

    items: list[ChatConversationSummary]
