"""What crosses the API about guards."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pilothouse.guards.findings import Act, Severity
from pilothouse.runtime.guarding import Inlet

MOST = 200_000
"""Characters of a text that is scanned on demand."""


class InletRules(BaseModel):
    """What is done at one inlet: the act of each group of types, and of types that have one of their own."""

    model_config = ConfigDict(frozen=True)

    inlet: Inlet
    acts: dict[str, Act]


class GuardTable(BaseModel):
    """The table in force for a tenant, the groups that only observe now, and the model for names, if any."""

    model_config = ConfigDict(frozen=True)

    inlets: list[InletRules]
    observing: list[str]
    names_model: str | None = None


class Scan(BaseModel):
    """A text to look at as if it came in at an inlet. Nothing of it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=MOST)]
    inlet: Inlet = Inlet.INPUT


class ScanFinding(BaseModel):
    """One place of a text: `start` and `end` count its characters, `confidence` is 0 to 1."""

    model_config = ConfigDict(frozen=True)

    type: str
    group: str
    start: int
    end: int
    confidence: float
    severity: Severity
    action: Act


class Scanned(BaseModel):
    """What is in a text, and the text masked as the inlet says. Its placeholders lead back nowhere."""

    model_config = ConfigDict(frozen=True)

    findings: list[ScanFinding]
    masked: str


class Restoring(BaseModel):
    """JSON of a run (a result, a text, a piece of its journal) whose placeholders are to be restored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: JsonValue


class Restored(BaseModel):
    """The value with what the run's placeholders stand for, and how many of them it had."""

    model_config = ConfigDict(frozen=True)

    value: JsonValue
    restored: int
