"""What a message is, and what crosses the API about targets and deliveries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.kit.numbers import Truth, Whole
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Name
from pilothouse.runtime.questions import ROLE_NAME

LONGEST_ADDRESS = 2_000
LONGEST_OVERLAP = 30 * 86_400


@dataclass(frozen=True)
class Message:
    """A plain text to one person. Neither the address nor the text is shown by `repr`: it may hold a link."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Channel(StrEnum):
    """How a message reaches a target."""

    APPRISE = "apprise"
    WEBHOOK = "webhook"


class Event(StrEnum):
    """What people are told of."""

    QUESTION_OPENED = "question.opened"
    QUESTION_EXPIRING = "question.expiring"
    APPROVAL_OPENED = "approval.opened"
    APPROVAL_ESCALATED = "approval.escalated"
    APPROVAL_EXPIRING = "approval.expiring"
    BUDGET_ALERT = "budget.alert"
    SWITCH_KILLED = "switch.killed"
    EXPERIMENT_ARM_STOPPED = "experiment.arm_stopped"
    TEST = "test"


LINKED = frozenset({Event.APPROVAL_OPENED, Event.APPROVAL_ESCALATED, Event.APPROVAL_EXPIRING})
"""Events that can bring a link which decides."""

Role = Annotated[str, Field(pattern=f"^{ROLE_NAME}$", examples=["finance"])]


class NewTarget(BaseModel):
    """Where messages are to go.

    `url` is an Apprise URL or a webhook's address; it is kept sealed and never shown again. Without `events`
    all are told; with `roles` only questions for these approvers, and what is no question. `addressee` is the
    person whose channel it is; only then messages may bring `links` by which that person decides.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(examples=["finance-on-call"])
    channel: Channel
    url: str = Field(
        min_length=1,
        max_length=LONGEST_ADDRESS,
        repr=False,
        json_schema_extra={"format": "password"},
        examples=["https://hooks.example.com/pilothouse"],
    )
    events: Annotated[list[Event], Field(max_length=20)] = []
    roles: Annotated[list[Role], Field(max_length=50)] = []
    addressee: str | None = Field(
        default=None, pattern=r"^person:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    )
    links: Annotated[bool, Truth] = False

    @model_validator(mode="after")
    def _links_have_an_addressee(self) -> Self:
        if self.links and self.addressee is None:
            message = "links are for one person: name the addressee, as person:<id>"
            raise ValueError(message)
        return self


class Target(BaseModel):
    """Where messages go. `shown` tells the address without its credentials.

    `previous_until` is until when what is sent is signed with the secret before the last rotation, too.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    channel: Channel
    shown: str
    events: list[Event]
    roles: list[str]
    addressee: str | None
    links: bool
    made_by: str
    created_at: dt.datetime
    previous_until: dt.datetime | None
    disabled_at: dt.datetime | None
    disabled_because: str


class TargetMade(BaseModel):
    """A target; of a webhook with the secret that signs, which is shown here and never again."""

    model_config = ConfigDict(frozen=True)

    target: Target
    secret: str | None = Field(
        default=None,
        description="Verifies `webhook-signature` (Standard Webhooks).",
        json_schema_extra={"format": "password"},
    )


class SecretRotation(BaseModel):
    """How a webhook gets a new secret: what is sent is signed with both for `overlap` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP), Whole] = 86_400


class DeliveryStatus(StrEnum):
    """What became of a message: `dead` was given up, `moot` has nothing to tell any more."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    MOOT = "moot"


class TargetQuery(PageQuery):
    """Which targets are wanted."""


class DeliveryQuery(PageQuery):
    """Which deliveries are wanted; a delivery has to fit everything that is given."""

    status: DeliveryStatus | None = None
    target_id: UUID | None = None


class Delivery(BaseModel):
    """A message to one target. `msg_` and its id are its `webhook-id`; `answered` is the last HTTP status.

    `reason` tells why the last attempt failed; `next_at` is when the next one is due.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    target_id: UUID
    target: str
    event: Event
    status: DeliveryStatus
    attempts: int
    created_at: dt.datetime
    next_at: dt.datetime | None
    ended_at: dt.datetime | None
    answered: int | None
    reason: str
