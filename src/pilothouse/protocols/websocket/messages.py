"""The messages of the WebSocket, each a JSON object whose `type` says what it is."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from pilothouse.kit.problems import Problem
from pilothouse.runs.schemas import End, Name, Seq

MOST_BYTES = 65_536
"""Bytes of a client's message."""

MOST_SUBSCRIPTIONS = 100
"""Subscriptions of one connection."""

ENTRIES_SIZE = 262_144
"""Characters of entries that go together in one message; a longer entry goes alone."""

MOST_MISTAKES = 10
"""Messages of a connection that may make no sense; the next one ends it."""


class CloseCode(IntEnum):
    """Why the server ends a connection. Codes below 4000 mean what RFC 6455 and its registry say."""

    NORMAL = 1000
    NOT_TEXT = 1003
    TOO_BIG = 1009
    BROKEN = 1011
    RESTART = 1012
    NO_SENSE = 4400
    TOO_SLOW = 4408


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subscribe(_Asked):
    """Follow a run: the entries behind number `after`, then each as it is committed."""

    type: Literal["subscribe"]
    run_id: UUID
    after: Seq = 0


class SubscribeTenant(_Asked):
    """Follow all runs from `cursor` on, or from now on: entries of these kinds and workflows, or all."""

    type: Literal["subscribe_tenant"]
    cursor: str | None = Field(default=None, max_length=100)
    kinds: list[Annotated[str, Field(pattern="^[a-z_]{1,40}$")]] = Field(default_factory=list, max_length=50)
    workflows: list[Name] = Field(default_factory=list, max_length=50)


class Unsubscribe(_Asked):
    """Follow a run no longer; without `run_id`: the tenant."""

    type: Literal["unsubscribe"]
    run_id: UUID | None = None


class Ping(_Asked):
    """Ask for a `pong` with the same `id`."""

    type: Literal["ping"]
    id: str = Field(default="", max_length=100)


Asked = Annotated[Subscribe | SubscribeTenant | Unsubscribe | Ping, Field(discriminator="type")]
ASKED: TypeAdapter[Subscribe | SubscribeTenant | Unsubscribe | Ping] = TypeAdapter(Asked)
"""Reads what a client says; raises Pydantic's `ValidationError`."""


class Subscribed(BaseModel):
    """The subscription stands. `after` or `cursor` is where it begins."""

    type: Literal["subscribed"] = "subscribed"
    run_id: UUID | None = None
    after: int | None = None
    cursor: str | None = None


class Entries(BaseModel):
    """One or more entries in order: of a run as the journal shows them, or of the tenant with run and cursor.

    `run_id` is null in the tenant's stream.
    """

    type: Literal["entries"] = "entries"
    run_id: UUID | None
    items: list[JsonValue]


class Delta(BaseModel):
    """A piece of what an agent answers, while it is made; the entry that ends the step takes its place."""

    type: Literal["delta"] = "delta"
    run_id: UUID
    step: str
    offset: int
    text: str


class Ended(BaseModel):
    """The run has ended, and with it the subscription. A run that is retried can be subscribed to anew."""

    type: Literal["end"] = "end"
    run_id: UUID
    end: End


class Unsubscribed(BaseModel):
    """The subscription has ended because the client asked for it."""

    type: Literal["unsubscribed"] = "unsubscribed"
    run_id: UUID | None = None


class Refused(BaseModel):
    """Something could not be done, or a subscription cannot go on; the connection stays."""

    type: Literal["error"] = "error"
    run_id: UUID | None = None
    problem: Problem


class Pong(BaseModel):
    """The answer to a `ping`."""

    type: Literal["pong"] = "pong"
    id: str


class Heartbeat(BaseModel):
    """A sign of life, where nothing else was said for a while. `cursor`: how far the tenant's stream is."""

    type: Literal["heartbeat"] = "heartbeat"
    cursor: str | None = None


class Resume(BaseModel):
    """How a subscription is resumed."""

    run_id: UUID | None = None
    after: int | None = None
    cursor: str | None = None


class Closing(BaseModel):
    """The server is about to close the connection: with this code, and this is how to go on."""

    type: Literal["closing"] = "closing"
    code: int
    reason: str
    resume: list[Resume]
