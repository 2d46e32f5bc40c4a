"""Cases, what came of them, and what is told of a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class Case(BaseModel):
    """One line of an evaluation set: what a prompt is rendered with, and what is expected of the answer.

    Without an `id` it is named by its line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)] = ""
    variables: dict[VariableName, JsonValue] = {}
    expected: JsonValue = None
    tags: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()


@dataclass(frozen=True)
class Reply:
    """What was answered. `failure` says why there is no usable answer ("": there is one).

    `output` is the answer as JSON where it had to have a type, else its text. `cost` is in US dollars.
    """

    output: JsonValue
    failure: str = ""
    tokens: int = 0
    cost: Decimal = Decimal(0)
    latency_ms: float = 0.0


class Mark(NamedTuple):
    """What a check says of one answer: from 0 to 1, and why.

    A judge model's has the votes that `value` is the mean of, and what they took in tokens and US dollars.
    """

    check: str
    value: float
    why: str = ""
    votes: tuple[float, ...] = ()
    tokens: int = 0
    cost: Decimal = Decimal(0)


OVER = "not asked: what the evaluation may cost is spent"
"""The failure of trials that were left out."""

PASSES = 0.5
"""From this mark on a check is passed."""


@dataclass(frozen=True)
class Trial:
    """One case, asked once."""

    case: str
    repeat: int
    reply: Reply
    marks: Sequence[Mark] = ()

    @property
    def passed(self) -> bool:
        """Whether there is an answer, and every check is passed."""
        return not self.reply.failure and all(mark.value >= PASSES for mark in self.marks)


@dataclass(frozen=True)
class Sheet:
    """Every trial of one version with one model. `id` names the version where `version` is a label."""

    version: str
    model: str
    trials: Sequence[Trial]
    id: str = ""

    @property
    def name(self) -> str:
        """What it is called beside others."""
        return f"{self.version} with {self.model}"


class Share(BaseModel):
    """A share of trials, with the interval in which it lies with 95 % confidence."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


class Standing(BaseModel):
    """How a version did.

    `agreement` is the share of pairs of repeats of a case that agree, `kappa` is Fleiss'. `judges` is how far
    each judge model agrees with itself about the same answer. `left_out` trials were not asked, as all was
    spent, and count nowhere else. `judging` is the part of `cost` that judges took, in US dollars.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    model: str
    cases: int
    repeats: int
    passed: Share
    failures: int
    left_out: int
    agreement: float | None
    kappa: float | None
    checks: dict[str, float]
    judges: dict[str, float | None]
    tokens: int
    cost: Decimal
    judging: Decimal
    latency_p50_ms: float
    latency_p95_ms: float


class Difference(BaseModel):
    """How a version differs from another: of `cases`, those that only one passes, and how likely that is."""

    model_config = ConfigDict(frozen=True)

    version: str
    against: str
    only_this: int
    only_other: int
    cases: int
    p_value: float
    verdict: str
