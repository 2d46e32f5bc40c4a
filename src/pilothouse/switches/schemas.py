"""What crosses the API about switches."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Truth, as_written, exactly
from pilothouse.kit.text import Line
from pilothouse.kit.text import Named as Said

EVERY_TENANT = "*"

Tenant = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Whom it holds for: a tenant, or `*` for all of them; without: one's own. Only the home "
        "tenant names others.",
    ),
]
Named = Annotated[str, Field(max_length=255, pattern=r"^[!-~]*$")]
FlagName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.\-]{0,99}$", examples=["support.new-answers"])]
SHARE = re.compile(r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$")
Percentage = Annotated[
    Decimal,
    BeforeValidator(exactly(SHARE)),
    Field(
        ge=0, le=100, decimal_places=2, description="The share of subjects for which it is on, in per cent."
    ),
    PlainSerializer(str, return_type=str, when_used="json"),
    as_written(SHARE, 100),
]


class Killable(StrEnum):
    """What can be killed."""

    EVERYTHING = "everything"
    TENANT = "tenant"
    WORKFLOW = "workflow"
    AGENT = "agent"
    TOOL = "tool"
    PROVIDER = "provider"


class KillName(BaseModel):
    """Which kill switch is meant: `everything` (of all tenants) and `tenant` need no name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Killable
    name: Named = ""
    tenant: Tenant | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if (self.name == "") != (self.kind in {Killable.EVERYTHING, Killable.TENANT}):
            message = "a workflow, an agent, a tool or a provider is named, and nothing else"
            raise ValueError(message)
        if self.kind is Killable.TENANT and self.tenant == EVERY_TENANT:
            message = "one tenant is named; all of them are everything"
            raise ValueError(message)
        return self


class NewKill(KillName):
    """A kill switch to throw: why, and until when, if it is to let go by itself."""

    why: Said
    until: Moment | None = None


class Kill(BaseModel):
    """What is killed: by whom, why, since when and until when. `tenant` is `*` where it holds for all."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    kind: Killable
    name: str
    tenant: str
    why: str
    made_by: str
    made_at: dt.datetime
    until: dt.datetime | None
    ended_at: dt.datetime | None
    ended_by: str | None


class Kills(BaseModel):
    """What is killed now, the latest first; with `ended` also the last hundred that were let go."""

    model_config = ConfigDict(frozen=True)

    items: list[Kill]


class FlagKey(BaseModel):
    """Which flag is meant: one holds for a tenant in the place of that for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FlagName
    tenant: Tenant | None = None


class NewFlag(FlagKey):
    """A flag to set: on or off or, where it is on, for a share of its subjects: always the same ones."""

    enabled: Annotated[bool, Truth]
    percentage: Percentage | None = None
    why: Line = ""


class Flag(NewFlag):
    """A flag, and who has set it last."""

    changed_by: str
    changed_at: dt.datetime


class Flags(BaseModel):
    """The flags that hold for a tenant, by name."""

    model_config = ConfigDict(frozen=True)

    items: list[Flag]


class Degradation(BaseModel):
    """An agent that begins `level` rungs down after repeated failures, and when it is probed."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    agent: str
    level: int
    reason: str
    probe_at: dt.datetime | None
    changed_at: dt.datetime


class AgentName(BaseModel):
    """An agent of one tenant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
    tenant: Tenant | None = None


class Degradations(BaseModel):
    """The agents that begin on a lower rung, by name."""

    model_config = ConfigDict(frozen=True)

    items: list[Degradation]
