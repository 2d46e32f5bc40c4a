"""What crosses the API about experiments, and what others hand in and are given."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from pilothouse.experiments.splitting import CONTROL
from pilothouse.kit.numbers import Truth, Whole, as_written, exactly
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.text import Line, Named
from pilothouse.kit.text import Name as Called

MOST_ARMS = 10
STAGES = (Decimal(1), Decimal(10), Decimal(50), Decimal(100))
"""The shares of a rollout, in per cent, where nothing else is said."""


class Observation(NamedTuple):
    """What came of one call. `experiment` and `arm` are those of `Assigned`; `repairs` are those made."""

    tenant_id: str
    experiment: str
    arm: str
    at: dt.datetime
    valid: bool
    error: bool
    repairs: int
    tokens: int
    cost: Decimal
    latency_ms: float


class SplitKey(StrEnum):
    """What the traffic is split by: calls of one run, user or tenant are in one arm."""

    RUN = "run"
    USER = "user"
    TENANT = "tenant"


class State(StrEnum):
    """Where an experiment is; only a running one assigns arms."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    CONCLUDED = "concluded"


class Metric(StrEnum):
    """What arms are compared by."""

    VALIDITY = "validity"
    ERRORS = "errors"
    COST = "cost"
    LATENCY = "latency"
    FEEDBACK = "feedback"


SHARE = re.compile(r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$")
Weight = Annotated[
    Decimal,
    BeforeValidator(exactly(SHARE)),
    Field(ge=0, le=100, decimal_places=2, description="The share of subjects, in per cent."),
    PlainSerializer(str, return_type=str, when_used="json"),
    as_written(SHARE, 100),
]
ArmName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.\-]{0,49}$", examples=["candidate"])]
About = Annotated[
    str,
    Field(
        max_length=210,
        pattern=r"^(model:)?[a-z0-9][a-z0-9_./\-]{0,199}$",
        description="A prompt's name, or a model alias as `model:fast`.",
        examples=["support/triage"],
    ),
]
VersionName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:\-]{0,99}$",
        description="A version of the prompt: its number, digest or label.",
        examples=["4"],
    ),
]
ModelName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@\-]{0,199}$", description="A model or an alias of one.")
]
Margin = Annotated[
    float,
    Field(
        ge=0,
        le=1_000,
        allow_inf_nan=False,
        description="How much worse than the control an arm may be: for validity and errors in points of "
        "per cent, for cost and latency in per cent, for feedback in ratings (from -1 to 1).",
    ),
]
Bound = Annotated[
    float,
    Field(
        ge=-1,
        le=1e9,
        allow_inf_nan=False,
        description="What no arm but the control may reach, whatever that does: validity under and errors "
        "over so many per cent, mean cost of a call over so much, the 95th percentile of latency over so "
        "many milliseconds, mean feedback under so much.",
    ),
]


class Guard(BaseModel):
    """What stops an arm by itself: `worse_by` more than a margin than the control, or beyond a `bound`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: Metric
    worse_by: Margin | None = None
    bound: Bound | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.worse_by is None and self.bound is None:
            message = "give worse_by, bound or both"
            raise ValueError(message)
        return self


GUARDS = (
    Guard(metric=Metric.VALIDITY, worse_by=2),
    Guard(metric=Metric.ERRORS, worse_by=2),
    Guard(metric=Metric.COST, worse_by=50),
    Guard(metric=Metric.LATENCY, worse_by=50),
    Guard(metric=Metric.FEEDBACK, worse_by=0.2),
)
"""The guards of an experiment that names none."""


class NewArm(BaseModel):
    """What an arm does: with a version of the prompt, with a model, or with both.

    The control alone may name neither: it goes as calls would without the experiment. It has no weight: what
    others leave is its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ArmName
    version: VersionName | None = None
    model: ModelName | None = None
    weight: Weight = Decimal(0)


class Rollout(BaseModel):
    """How the share of the one candidate grows by itself while no guard stops it.

    It goes on from a stage once `minimum_seconds` have passed, and the candidate has had `minimum_calls`
    in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: Annotated[list[Weight], Field(min_length=1, max_length=20)] = list(STAGES)
    minimum_seconds: Annotated[int, Field(ge=0, le=31_536_000), Whole] = 3_600
    minimum_calls: Annotated[int, Field(ge=0, le=1_000_000_000), Whole] = 100

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if list(self.stages) != sorted(set(self.stages)) or self.stages[0] == 0:
            message = "stages are above 0 and grow from one to the next"
            raise ValueError(message)
        return self


class NewExperiment(BaseModel):
    """An experiment to make. It assigns nothing before it is started.

    One arm is called `control`. With a `rollout` there is one other arm, whose weight the stages give. What
    is for `everybody` holds for all tenants that have none of their own about the same: only the
    home tenant makes such, and only these are split by tenant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Called = Field(examples=["triage-4"])
    about: About
    arms: Annotated[list[NewArm], Field(min_length=2, max_length=MOST_ARMS)]
    key: SplitKey = SplitKey.RUN
    guards: Annotated[list[Guard], Field(max_length=20)] = list(GUARDS)
    alpha: float = Field(
        default=0.05,
        ge=0.0001,
        le=0.5,
        allow_inf_nan=False,
        description="The chance of an error: each interval holds at all times with 1 - alpha.",
    )
    rollout: Rollout | None = None
    everybody: Annotated[bool, Truth] = False

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names) or names.count(CONTROL) != 1:
            message = "arms have different names, and one of them is control"
            raise ValueError(message)
        others = [arm for arm in self.arms if arm.name != CONTROL]
        if any(arm.weight for arm in self.arms if arm.name == CONTROL):
            message = "the control has no weight: what the others leave is its own"
            raise ValueError(message)
        if any(arm.version is None and arm.model is None for arm in others):
            message = "every arm but the control names a version or a model"
            raise ValueError(message)
        if sum(arm.weight for arm in others) > 100:
            message = "the weights make more than 100 %"
            raise ValueError(message)
        if self.rollout is not None and (len(others) != 1 or others[0].weight):
            message = "a rollout has one arm beside the control, without a weight"
            raise ValueError(message)
        if self.about.startswith("model:") and any(arm.version for arm in self.arms):
            message = "a model alias has no versions: arms name models"
            raise ValueError(message)
        if (self.key is SplitKey.TENANT) and not self.everybody:
            message = "only what holds for everybody is split by tenant"
            raise ValueError(message)
        if len({guard.metric for guard in self.guards}) < len(self.guards):
            message = "each metric has one guard"
            raise ValueError(message)
        return self


class Arm(NewArm):
    """An arm as it is. Where it was stopped, `why` tells the figures."""

    stopped_at: dt.datetime | None = None
    stopped_by: str | None = None
    why: str | None = None


class ExperimentQuery(PageQuery):
    """Which experiments are wanted; one has to fit everything that is given."""

    about: About | None = None
    state: State | None = None


class ExperimentSummary(BaseModel):
    """An experiment as it stands in a list. Of a rollout `stage` counts from 0."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    about: str
    key: SplitKey
    state: State
    arms: list[Arm]
    guards: list[Guard]
    alpha: float
    rollout: Rollout | None
    stage: int | None
    stage_since: dt.datetime | None
    everybody: bool
    winner: str | None
    why: str
    made_by: str
    made_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


class ArmResult(BaseModel):
    """What came of the calls of one arm. Means are those of one call; null where nothing was seen.

    Latencies are in milliseconds, exact to about 4.5 %; `feedback` is the mean of ratings from -1 to 1.
    """

    model_config = ConfigDict(frozen=True)

    arm: str
    calls: int
    validity: float | None
    errors: float | None
    repairs: float | None
    tokens: float | None
    cost: float | None
    total_cost: Decimal
    latency_p50: float | None
    latency_p95: float | None
    ratings: int
    feedback: float | None


class Comparison(StrEnum):
    """What can be said of a difference at this time."""

    BETTER = "better"
    WORSE = "worse"
    NONE_SHOWN = "none_shown"
    TOO_FEW = "too_few"


class ArmDifference(BaseModel):
    """How an arm differs from the control, and the interval that holds at all times with 1 - alpha.

    Of validity and errors in points of per cent; of cost and latency in per cent, between geometric means; of
    feedback in ratings. Null where too little was seen.
    """

    model_config = ConfigDict(frozen=True)

    arm: str
    metric: Metric
    estimate: float | None
    low: float | None
    high: float | None
    exact: bool
    verdict: Comparison


class Result(BaseModel):
    """What came of an experiment until now, and in `words` what that means."""

    model_config = ConfigDict(frozen=True)

    arms: list[ArmResult]
    differences: list[ArmDifference]
    words: list[str]


class Experiment(ExperimentSummary):
    """An experiment with its result."""

    result: Result


class StoppedArm(BaseModel):
    """Which arm is to get no more traffic, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: ArmName
    why: Line = "by hand"


class Weights(BaseModel):
    """The weights of arms from now on, by name; what is not named stays. The control has the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Annotated[
        dict[ArmName, Weight],
        Field(min_length=1, max_length=MOST_ARMS, json_schema_extra={"additionalProperties": False}),
    ]


class Conclusion(BaseModel):
    """How an experiment ends: with a `winner`, or with none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    winner: ArmName | None = None
    why: Line = ""


class Ending(BaseModel):
    """Why an experiment is stopped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    why: Named = "by hand"
