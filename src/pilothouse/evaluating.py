"""What evaluations ask, composed: models with their keys and prices, types of agents, experts and judges.

It is loaded by commands alone. Nothing that is asked here is a run: no policy, no budget and no journal is in
the way, and nothing acts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple, NoReturn

from jsonschema import Draft202012Validator
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters

from pilothouse.agents.agent import Agent
from pilothouse.agents.model_rung import REPAIRS, Asker, objection
from pilothouse.agents.output import Output, Returning, wanted
from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.evaluations.asking import Asking, Desk, Shape
from pilothouse.evaluations.checks import Check, check_named, insist_on_expected
from pilothouse.evaluations.errors import CheckInvalid, NeedsRun
from pilothouse.evaluations.judging import Judgement, judge
from pilothouse.evaluations.running import Ask
from pilothouse.evaluations.schemas import Case, Reply
from pilothouse.kit.clock import elapsed
from pilothouse.kit.secret import SecretSource
from pilothouse.llm.catalogue import Catalogue, Route
from pilothouse.llm.conversation import Exchange
from pilothouse.llm.guarded import GuardedCalls
from pilothouse.llm.providers import Providers
from pilothouse.prompts.schemas import PromptVersion
from pilothouse.prompts.shipped import read_folder
from pilothouse.resilience.opening import open_registry
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.signature import Signature, explain
from pilothouse.settings import Settings
from pilothouse.usage.errors import PriceUnknown
from pilothouse.usage.schemas import Tokens
from pilothouse.usage.service import Prices


class Evaluator:
    """What a command asks models with. Use it within one event loop, and close it."""

    def __init__(self, settings: Settings, secrets: SecretSource, *, unpriced: bool = False) -> None:
        """Ask as `settings` say, with keys from `secrets`. With `unpriced` unknown prices are 0."""
        self._catalogue = Catalogue(settings.providers, settings.models)
        self._providers = Providers(secrets)
        self._prices = Prices(settings.model_prices, settings.providers)
        self._unpriced = unpriced
        self._desk = Desk(self._providers, GuardedCalls(open_registry(settings)), self._price, REPAIRS)

    def route(self, wanted_model: str) -> Route:
        """The model of that name, or the first behind an alias. Raises `ModelUnknown`, `PriceUnknown`."""
        route = self._catalogue.routes("", wanted_model)[0]
        self._price(route.id, Tokens(1, 1))
        return route

    def asking(self, version: PromptVersion, route: Route, shape: Shape) -> Asking:
        """What asks a version with a model."""
        return Asking(self._desk, version, route, shape)

    async def close(self) -> None:
        """Close every client."""
        await self._providers.close()

    def _price(self, model: str, tokens: Tokens) -> Decimal:
        try:
            return self._prices.cost(model, tokens).amount
        except PriceUnknown:
            if self._unpriced:
                return Decimal(0)
            raise


def shape_of(version: PromptVersion, agent: Agent[Any, Any] | None = None) -> Shape:
    """The type that answers have to have: that of the agent, with its `verify`; else the prompt's; else text.

    Raises `InvalidInput` where the prompt names a type that no agent is given for.
    """
    if agent is not None:
        return _OfAgent(agent)
    if isinstance(version.output, dict):
        return _Typed(_Schema(version.output))
    if version.output is not None:
        raise InvalidInput(
            f"The prompt {version.name} answers with {version.output}, a type of some agent.",
            hint="Name the agent by --agent app.agent, or write a JSON schema as `output`.",
        )
    return typed(str)


def typed(of: Any) -> Shape:
    """The shape of a Python type."""
    return _Typed(_Type(of))


def shipped(name: str) -> PromptVersion:
    """A prompt that evaluations bring: `judge` or `rewrite`."""
    return read_folder(files("pilothouse.evaluations") / "prompts")[name]


def agent_named(agents: Iterable[tuple[str, Agent[Any, Any]]], name: str) -> Agent[Any, Any]:
    """The agent `app.agent`, or `agent` where one application has it; `agents` are beside their applications.

    Raises `InvalidInput`.
    """
    every = list(agents)
    found = [agent for app, agent in every if name in {agent.name, f"{app}.{agent.name}"}]
    if len(found) != 1:
        known = ", ".join(sorted(f"{app}.{agent.name}" for app, agent in every)) or "none"
        said = "is none of the installed agents" if not found else "is the name of several agents"
        raise InvalidInput(f"{name[:100]!r} {said}.", hint=f"There are: {known}.")
    return found[0]


def expert(agent: Agent[Any, Any]) -> Ask:
    """Asks the agent's own body. It raises `NeedsRun` where that uses a verb of its context."""
    signature = agent.signature

    async def ask(case: Case) -> Reply:
        begun, stand_in, failure, output = elapsed(), _NoRun(agent.name), "", None
        given = signature.arguments(_input(signature, case.variables))
        try:
            async with asyncio.timeout(agent.timeout):
                if signature.is_async:
                    value = await signature.function(stand_in, *given)
                else:
                    value = await asyncio.to_thread(signature.function, stand_in, *given)
            output = json.loads(signature.dump_output(value))
        except Exception as error:  # noqa: BLE001 - told in the reply
            code = error.code if isinstance(error, PilothouseError) else type(error).__name__
            failure = f"{code}: {error}"
        if stand_in.used:
            stand_in.refuse(stand_in.used)
        return Reply(output, failure, latency_ms=(elapsed() - begun) * 1_000)

    return ask


class _NoRun:
    """Stands where an expert expects its context; whatever it wants of it is refused, and remembered."""

    def __init__(self, agent: str) -> None:
        self.agent, self.used = agent, ""

    def __getattr__(self, verb: str) -> NoReturn:
        self.used = verb
        self.refuse(verb)

    def refuse(self, verb: str) -> NoReturn:
        raise NeedsRun(
            f"The expert of {self.agent} uses ctx.{verb}, and an evaluation is no run.",
            hint="Only experts that need nothing of their context can be evaluated.",
        )


def _input(signature: Signature, variables: Mapping[str, JsonValue]) -> Any:
    """An agent's input: the variables as an object, or the value of the only one. Raises `WrongType`."""
    if not signature.takes_value:
        return None
    try:
        return signature.parse_input(json.dumps(dict(variables)).encode())
    except WrongType:
        if len(variables) != 1:
            raise
        return signature.parse_input(json.dumps(next(iter(variables.values()))).encode())


class _Read(NamedTuple):
    """A value of its type, and as JSON."""

    value: Any
    written: JsonValue


class _Typed:
    """Answers of a type."""

    def __init__(self, returning: Returning) -> None:
        self._output = Output(returning)

    @property
    def characters(self) -> int:
        return self._output.characters

    def parameters(self, model: Model) -> ModelRequestParameters:
        return self._output.parameters(model, [])

    async def judged(
        self, variables: Mapping[str, JsonValue], response: ModelResponse
    ) -> tuple[JsonValue, Sequence[str]]:
        try:
            found = self._read(response)
        except WrongType as error:
            return None, [error.message]
        return found.written, await self._problems(variables, found.value)

    @staticmethod
    def objection(response: ModelResponse, problems: Sequence[str]) -> Exchange:
        return objection(response, wanted(response), problems)

    def _read(self, response: ModelResponse) -> _Read:
        value: JsonValue = self._output.read(wanted(response))
        return _Read(value, value)

    async def _problems(self, _: Mapping[str, JsonValue], __: Any) -> Sequence[str]:
        return []


class _OfAgent(_Typed):
    """Answers of an agent's type, checked by it."""

    def __init__(self, agent: Agent[Any, Any]) -> None:
        super().__init__(agent.signature)
        self._signature = agent.signature
        self._asker = Asker(agent.name, agent.signature, verify=agent.verify)

    def _read(self, response: ModelResponse) -> _Read:
        value = self._output.read(wanted(response))
        return _Read(value, json.loads(self._signature.dump_output(value)))

    async def _problems(self, variables: Mapping[str, JsonValue], value: Any) -> Sequence[str]:
        if self._asker.verify is None:
            return []
        given = self._signature.arguments(_input(self._signature, variables))
        return await self._asker.problems(given, value)


class _Schema:
    """Returns what a JSON schema (2020-12) says."""

    output_type: Any = dict

    def __init__(self, schema: Mapping[str, JsonValue]) -> None:
        self._schema = dict(schema)
        self._validator = Draft202012Validator(self._schema)

    @property
    def output(self) -> _Schema:
        return self

    def json_schema(self) -> dict[str, Any]:
        return self._schema

    def parse_output(self, data: bytes) -> JsonValue:
        value: JsonValue = json.loads(data)
        wrong = [
            f"{'.'.join(map(str, error.absolute_path)) or 'value'}: {error.message[:200]}"
            for error in self._validator.iter_errors(value)
        ]
        if wrong:
            raise WrongType(f"This is not of the schema: {'; '.join(wrong[:5])}")
        return value


class _Type:
    """Returns values of a Python type, as JSON."""

    def __init__(self, of: Any) -> None:
        self.output_type = of

    @cached_property
    def output(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.output_type)

    def parse_output(self, data: bytes) -> JsonValue:
        try:
            value: JsonValue = self.output.dump_python(self.output.validate_json(data), mode="json")
        except ValidationError as error:
            raise WrongType(f"This is not valid: {explain(error)}") from None
        return value


class JudgeTerms(NamedTuple):
    """A judge model: what the check is called, its prompt, and how often it is asked about an answer."""

    name: str
    prompt: PromptVersion
    model: str
    repeat: int = 1


def checks_of(
    evaluator: Evaluator, names: Sequence[str], judges: Sequence[JudgeTerms], cases: Sequence[Case]
) -> list[Check]:
    """The named checks and the judges; `equals` where none is named and every case expects something.

    Raises `CheckInvalid`.
    """
    if not names and not judges:
        if any("expected" not in case.model_fields_set for case in cases):
            raise CheckInvalid(
                "Nothing says how answers are checked.",
                hint="Name a --check or a --judge, or add `expected`.",
            )
        names = ["equals"]
    insist_on_expected(names, cases)
    shape = typed(Judgement)
    known = {
        one.name: judge(one.name, evaluator.asking(one.prompt, evaluator.route(one.model), shape), one.repeat)
        for one in judges
    }
    return [*(check_named(name, known) for name in names), *known.values()]
