"""The ladder of one call, as it is journalled: which rungs in which order, and which prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pilothouse.llm.service import Said
from pilothouse.prompts.schemas import PromptSettings
from pilothouse.runtime.laddering import Subject


class Chosen(BaseModel):
    """The version of a prompt that a call takes, and by which arm of which experiment ("": none).

    `model` is the model or alias that the version or the arm wants ("": what the ladder says).
    """

    model_config = ConfigDict(frozen=True)

    prompt: str
    version: str = ""
    experiment: str = ""
    arm: str = ""
    model: str = ""


class Rendered(BaseModel):
    """A prompt with its variables filled in, and what a model is asked with."""

    model_config = ConfigDict(frozen=True)

    messages: tuple[Said, ...]
    settings: PromptSettings = PromptSettings()


class Prompting(Protocol):
    """Where the prompts of agents come from."""

    async def chosen(self, subject: Subject, prompt: str, alias: str) -> Chosen:
        """The version of a prompt for somebody whose ladder begins with the models of `alias`."""
        ...

    async def rendered(self, subject: Subject, chosen: Chosen, summary: str, given: bytes) -> Rendered:
        """The prompt of that version about an agent's input, which is `given` as JSON.

        `summary` is what the agent does, in its own words. Raises what is wrong with the prompt.
        """
        ...


class Planned(BaseModel):
    """One rung of a plan. A `model` is one model at one provider; `place` counts the models, from 0."""

    model_config = ConfigDict(frozen=True)

    rung: Literal["model", "cache", "expert", "person"]
    model: str = ""
    alias: str = ""
    place: int = 0
    deadline: float = 30.0
    fresh: float = 0.0
    role: str | None = None

    @property
    def name(self) -> str:
        """What `produced_by` says of its answers."""
        if self.rung != "model":
            return self.rung
        return f"{'fallback' if self.place else 'model'}:{self.model}"


class Plan(BaseModel):
    """The ladder of one call."""

    model_config = ConfigDict(frozen=True)

    rungs: tuple[Planned, ...]
    chosen: Chosen

    @property
    def models(self) -> Sequence[str]:
        """The models that it may ask, in order."""
        return [rung.model for rung in self.rungs if rung.rung == "model"]


class PlainPrompting:
    """What there is without a store of prompts: the agent's own words and its input."""

    async def chosen(self, subject: Subject, prompt: str, alias: str) -> Chosen:
        """The prompt has no version."""
        return Chosen(prompt=prompt)

    async def rendered(self, subject: Subject, chosen: Chosen, summary: str, given: bytes) -> Rendered:
        """What the agent says that it does, and the input as JSON."""
        task = Said(role="system", text=summary or f"You are {chosen.prompt}.")
        return Rendered(messages=(task, Said(role="user", text=given.decode())))
