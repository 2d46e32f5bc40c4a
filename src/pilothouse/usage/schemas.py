"""What crosses the API about usage, and what other domains say of a call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.moments import Moment
from pilothouse.kit.money import Amount
from pilothouse.kit.pagination import PageQuery

MOST_GROUPS = 1_000
"""Groups of a report at most."""

Source = Literal["run", "gateway"]
Text = Annotated[str, Field(max_length=255)]


class Tokens(NamedTuple):
    """Tokens of one call or of many. `input` counts all that went in, those of a cache included."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def total(self) -> int:
        """Input and output."""
        return self.input + self.output


@dataclass(frozen=True)
class Call:
    """One call to a model, or an answer from a cache in its place.

    `cost` is in US dollars, `latency_ms` the time to the end of the answer. `outcome` is `ok` or the code of
    the error. `valid` says whether the output had the wanted type (None: nothing was wanted); `repairs` is 1
    where the call showed a model what was wrong with its answer.
    """

    id: UUID
    tenant_id: str
    at: dt.datetime
    source: Source
    provider: str
    model: str
    principal: str
    tokens: Tokens
    cost: Decimal
    latency_ms: float
    outcome: str = "ok"
    valid: bool | None = None
    repairs: int = 0
    streamed: bool = False
    cached: bool = False
    run_id: UUID | None = None
    step: str = ""
    workflow: str = ""
    agent: str = ""
    prompt: str = ""
    prompt_version: str = ""
    experiment: str = ""
    arm: str = ""


class Produced(NamedTuple):
    """Which prompt has produced something, by which version, in which arm of which experiment ("": none)."""

    prompt: str
    version: str
    experiment: str
    arm: str


class By(StrEnum):
    """What calls are put together by."""

    MODEL = "model"
    PROVIDER = "provider"
    AGENT = "agent"
    WORKFLOW = "workflow"
    PROMPT = "prompt"
    PROMPT_VERSION = "prompt_version"
    EXPERIMENT = "experiment"
    ARM = "arm"
    PRINCIPAL = "principal"
    SOURCE = "source"
    OUTCOME = "outcome"
    HOUR = "hour"
    DAY = "day"


class Filters(BaseModel):
    """Which calls are meant: those of a time, from `since` to before `until`, with all that is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Moment | None = Field(default=None, description="From this moment; 30 days ago by default.")
    until: Moment | None = Field(default=None, description="Until before this moment; now.")
    model: Text | None = None
    provider: Text | None = None
    agent: Text | None = None
    workflow: Text | None = None
    prompt: Text | None = None
    prompt_version: Text | None = None
    experiment: Text | None = None
    arm: Text | None = None
    principal: Text | None = None
    source: Source | None = None
    outcome: Text | None = None
    run_id: UUID | None = None


class UsageQuery(Filters):
    """A report: calls put together by up to three things, the dearest groups first, or in order of time."""

    by: list[By] = Field(default=[By.MODEL], max_length=3, description="What calls are put together by.")
    limit: int = Field(default=100, ge=1, le=MOST_GROUPS, description="Groups at most.")


class CallQuery(PageQuery, Filters):
    """A page of calls, the newest first."""


class Sums(BaseModel):
    """What some calls took together.

    `cost` is in US dollars. `valid` and `invalid` count the calls of which a type was wanted, `errors` those
    that have failed, `cached` those that a cache answered. `latency_p50_ms` and `latency_p95_ms` are within
    3 % of the exact ones.
    """

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    errors: int = 0
    cached: int = 0
    valid: int = 0
    invalid: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: Amount = Decimal(0)
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None


class Group(Sums):
    """The sums of the calls that have the same `key`, which says what of each thing in `by`."""

    key: dict[str, str]


class UsageReport(BaseModel):
    """Groups and the sums of all calls, those of groups that are not shown included (`more`)."""

    model_config = ConfigDict(frozen=True)

    since: dt.datetime
    until: dt.datetime
    by: list[By]
    items: list[Group]
    total: Sums
    more: bool


class ShownCall(BaseModel):
    """One call to a model."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    at: dt.datetime
    source: str
    provider: str
    model: str
    principal: str
    input_tokens: int
    output_tokens: int
    cache_read: int
    cache_write: int
    cost: Amount
    latency_ms: float
    outcome: str
    valid: bool | None
    repairs: int
    streamed: bool
    cached: bool
    run_id: UUID | None
    step: str
    workflow: str
    agent: str
    prompt: str
    prompt_version: str
    experiment: str
    arm: str
