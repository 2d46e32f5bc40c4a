"""Asks one version of a prompt, with one model, about one case: outside of runs, and without any tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

from pydantic import JsonValue
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from pilothouse.errors import PilothouseError
from pilothouse.evaluations.schemas import Case, Reply
from pilothouse.kit.clock import elapsed
from pilothouse.llm.service import Calls, Conversation, Exchange, Providers, Question, Route, Said, answered
from pilothouse.prompts.schemas import PromptSettings, PromptVersion, Rendered
from pilothouse.prompts.service import render
from pilothouse.usage.schemas import Tokens

MOST_TOKENS = 4_096
"""Tokens that an answer has at most, unless the prompt says otherwise."""
TIMEOUT = 60.0
"""Seconds that one request takes at most, unless the prompt says otherwise."""


class Shape(Protocol):
    """The type that answers have to have: how they are asked for, read, and objected to."""

    @property
    def characters(self) -> int:
        """How long its schema is."""
        ...

    def parameters(self, model: Model) -> ModelRequestParameters:
        """How a model is asked for it."""
        ...

    async def judged(
        self, variables: Mapping[str, JsonValue], response: ModelResponse
    ) -> tuple[JsonValue, Sequence[str]]:
        """The value in a response, and what is wrong with it."""
        ...

    def objection(self, response: ModelResponse, problems: Sequence[str]) -> Exchange:
        """What follows an answer that is not valid."""
        ...


@dataclass(frozen=True)
class Desk:
    """What models are asked with. `price` is in US dollars; what is wrong is shown `repairs` times."""

    providers: Providers
    calls: Calls
    price: Callable[[str, Tokens], Decimal]
    repairs: int


@dataclass(frozen=True)
class Asking:
    """One version with one model: call it with a case."""

    desk: Desk
    version: PromptVersion
    route: Route
    shape: Shape

    async def __call__(self, case: Case) -> Reply:
        """What is answered. What goes wrong is told in the reply."""
        begun, tokens, cost, failure = elapsed(), 0, Decimal(0), ""
        try:
            talk = Conversation(_said(render(self.version, case.variables)))
            for _ in range(self.desk.repairs + 1):
                response, took = await self._answered(talk)
                tokens, cost = tokens + took.total, cost + self.desk.price(self.route.id, took)
                value, problems = await self.shape.judged(case.variables, response)
                if not problems:
                    return Reply(value, "", tokens, cost, (elapsed() - begun) * 1_000)
                talk.add(self.shape.objection(response, problems))
                failure = f"answer_invalid: {'; '.join(problems)}"
        except PilothouseError as error:
            failure = f"{error.code}: {error.message}"
        return Reply(None, failure, tokens, cost, (elapsed() - begun) * 1_000)

    async def _answered(self, talk: Conversation) -> tuple[ModelResponse, Tokens]:
        settings = self.version.settings
        most = settings.max_tokens or MOST_TOKENS
        question = Question(
            model=self.route.id,
            conversation=talk,
            parameters=self.shape.parameters,
            settings=model_settings(settings, most),
            most_tokens=most,
            schema_characters=self.shape.characters,
        )
        seconds = settings.timeout or TIMEOUT
        return await answered(self.desk.providers, self.route, question, seconds, self.desk.calls)


def model_settings(settings: PromptSettings, most: int) -> ModelSettings:
    """What a model is asked with, and `most` tokens for the answer."""
    said = settings.model_dump(exclude_none=True, exclude={"stop", "timeout", "max_tokens"})
    stop = {"stop_sequences": list(settings.stop)} if settings.stop else {}
    return cast("ModelSettings", {"max_tokens": most, **said, **stop})


def _said(rendered: Rendered) -> list[Said]:
    system = [Said(role="system", text=rendered.system)] if rendered.system else []
    return [*system, *(Said(role=one.role, text=one.text) for one in rendered.messages)]
