"""What `ctx.emit` puts on the record for people to read: reason cards and progress."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Confidence = Annotated[float, Field(ge=0, le=1)]


class Option(BaseModel):
    """Something that was considered and not chosen, and why."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str
    score: float | None = None


class ReasonCard(BaseModel):
    """Why an agent decided as it did.

    `decision` is one line; `reasoning` the steps that led to it; `confidence` is in [0, 1]. `agent` and
    `produced_by` are filled in by the engine where they are empty, and so is `failed`: the rungs of the
    agent's ladder that were tried before, each with the reason.
    """

    model_config = ConfigDict(frozen=True)

    decision: str
    reasoning: tuple[str, ...] = ()
    confidence: Confidence = 1.0
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    outputs: dict[str, JsonValue] = Field(default_factory=dict)
    alternatives: tuple[Option, ...] = ()
    agent: str = ""
    title: str = ""
    produced_by: str = ""
    failed: Annotated[tuple[tuple[str, str], ...], Field(exclude_if=lambda failed: not failed)] = ()


class Progress(BaseModel):
    """How far a run has come: `done` of `total` units, and what happens now."""

    model_config = ConfigDict(frozen=True)

    message: str = ""
    done: float = Field(default=0, ge=0)
    total: float = Field(default=1, gt=0)
