"""What crosses the API about agents."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class AgentSummary(BaseModel):
    """An agent of this process. `rungs` are tried in order; `timeout` is in seconds for all of them."""

    model_config = ConfigDict(frozen=True)

    name: str
    app: str
    summary: str
    prompt: str | None
    rungs: list[str]
    timeout: float | None


class Agents(BaseModel):
    """Every agent of this process, by application and name."""

    model_config = ConfigDict(frozen=True)

    items: list[AgentSummary]


class Forgotten(BaseModel):
    """How many kept answers were forgotten."""

    model_config = ConfigDict(frozen=True)

    answers: int
