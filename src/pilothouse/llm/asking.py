"""Asking a model is an action: switches, policies, budgets and the audit log hold for it as for any tool.

What they see is a small closed value; the messages travel beside it. The response is journalled as the
action's outcome, so that a replay asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import structlog
from pydantic import TypeAdapter
from pydantic_ai import direct
from pydantic_ai.messages import (
    ModelResponse,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.money import Money
from pilothouse.llm.call import SIGNATURE, TOOL, ModelCall, Reply
from pilothouse.llm.catalogue import Catalogue, Route
from pilothouse.llm.conversation import Conversation, Said
from pilothouse.llm.errors import ProviderClosed, ProviderRefused, StreamCut
from pilothouse.llm.failing import told
from pilothouse.llm.providers import Providers
from pilothouse.runtime import acting
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.errors import Killed
from pilothouse.runtime.guarding import Inlet
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.signature import Signature
from pilothouse.usage.schemas import Call, Tokens
from pilothouse.usage.service import Prices, estimated_tokens, recorded

log = structlog.get_logger(__name__)

T = TypeVar("T")

BACKSTOP = 0.25
"""Seconds after the deadline of a call at which its step ends: the breaker is to hear of it before."""

_RESPONSES: TypeAdapter[ModelResponse] = TypeAdapter(ModelResponse)


class Calls(Protocol):
    """What stands between us and a provider: retries, breakers, bulkheads, rate limits."""

    async def call(
        self,
        route: Route,
        tokens: int,
        work: Callable[[], Awaitable[T]],
        *,
        deadline: float | None = None,
    ) -> T:
        """What `work` gives within `deadline` seconds. `tokens` is how many it takes at most.

        What `work` raises says by `retryable` and `retry_after` whether and when it may be tried again.
        """
        ...


class Direct:
    """Nothing stands between: each call is made at once, and once; its step ends what takes too long."""

    async def call(
        self,
        route: Route,
        tokens: int,
        work: Callable[[], Awaitable[T]],
        *,
        deadline: float | None = None,
    ) -> T:
        """Make it."""
        return await work()


def _nothing(_: Call) -> Sequence[Statement]:
    return ()


@dataclass(frozen=True)
class Line:
    """What a process asks models with. `counted` gives what is written beside the row of each call."""

    catalogue: Catalogue
    providers: Providers
    prices: Prices
    clock: Clock
    ids: Ids
    calls: Calls = field(default_factory=Direct)
    counted: Callable[[Call], Sequence[Statement]] = _nothing


@dataclass(frozen=True)
class About:
    """What a request is about, for usage. `repairs` is 1 where it shows the model what is wrong, else 0."""

    prompt: str = ""
    version: str = ""
    experiment: str = ""
    arm: str = ""
    repairs: int = 0


@dataclass(frozen=True)
class Question:
    """What a model is asked, and how.

    `parameters` are what a model of its abilities is offered. `show` takes each piece of text as it comes,
    where it is streamed, and says whether somebody may see it; `valid` says whether a response holds what
    was wanted (None: nothing was wanted of it). `schema_characters` is the length of the schemas that are
    sent beside the messages.
    """

    model: str
    conversation: Conversation
    parameters: Callable[[Model], ModelRequestParameters]
    settings: ModelSettings
    most_tokens: int
    agent: str = ""
    alias: str = ""
    about: About = field(default_factory=About)
    show: Callable[[str], bool] | None = None
    valid: Callable[[ModelResponse], Awaitable[bool | None]] | None = None
    schema_characters: int = 0

    @property
    def call(self) -> ModelCall:
        """It as policies see it."""
        return ModelCall(
            model=self.model,
            provider=self.model.partition(":")[0],
            alias=self.alias,
            agent=self.agent,
            prompt=self.about.prompt,
            prompt_version=self.about.version,
            digest=self.conversation.digest,
            input_tokens=estimated_tokens(self.conversation.characters),
            output_tokens=self.most_tokens,
            streamed=self.show is not None,
        )


@dataclass(frozen=True)
class Asking:
    """The action of asking one question within `seconds`: an `Actor`, made for it alone."""

    line: Line
    question: Question
    seconds: float | None = None
    name: str = TOOL
    idempotent: bool = True
    from_outside: bool = False
    inlet: Inlet = Inlet.MODEL_ANSWER
    facts: Callable[[Any, Any], Any] | None = None
    facts_type: TypeAdapter[Any] | None = None

    @property
    def signature(self) -> Signature:
        """What policies and the journal see of it."""
        return SIGNATURE

    @property
    def timeout(self) -> float | None:
        """Seconds after which its step ends, where nothing else has ended it."""
        return None if self.seconds is None else self.seconds + BACKSTOP

    @property
    def cost(self) -> Callable[[Any], Money]:
        """What it costs at most; raises `PriceUnknown`."""
        return lambda call: self.line.prices.cost(call.model, self._most(call))

    @property
    def tokens(self) -> Callable[[Any], int]:
        """How many tokens it takes at most."""
        return lambda call: self._most(call).total

    def _most(self, call: ModelCall) -> Tokens:
        schemas = estimated_tokens(self.question.schema_characters)
        return Tokens(input=call.input_tokens + schemas, output=call.output_tokens)

    async def perform(self, ctx: Context, value: ModelCall) -> Reply:
        """Ask it. What it took is settled and recorded, also where it fails. Raises errors of providers."""
        begun, asked = elapsed(), _Asked(self.question)
        try:
            _insist_on_provider(ctx, value.provider)
            route = self.line.catalogue.routes(ctx.tenant_id, self.question.model)[0]
            model, key = await self.line.providers.model(route)
            asked.key = key

            async def work() -> ModelResponse:
                return await asked.once(model)

            tokens = self._most(value).total
            response = await self.line.calls.call(route, tokens, work, deadline=self.seconds)
        except BaseException as error:
            outcome = error.code if isinstance(error, PilothouseError) else "stopped"
            if isinstance(error, (ProviderRefused, ProviderClosed)):
                told_of = {"model": value.model, "code": error.code, "reason": str(error)}
                log.error("model_not_asked", **told_of)  # noqa: TRY400 - the trace may hold the key
            self._spent(ctx, asked.tokens, elapsed() - begun, outcome)
            raise
        judged = self.question.valid
        valid = None if judged is None else await judged(response)
        seconds = elapsed() - begun
        cost = self._spent(ctx, asked.tokens, seconds, "ok", valid)
        written = _RESPONSES.dump_python(response, mode="json")
        return Reply(response=written, cost=f"{cost.normalize():f}", latency=round(seconds, 4))

    def _spent(
        self, ctx: Context, tokens: Tokens, seconds: float, outcome: str, valid: bool | None = None
    ) -> Decimal:
        """Tell what it took, and have it recorded beside the outcome; what it cost."""
        question, about = self.question, self.question.about
        provider, _, model = question.model.partition(":")
        cost = self.line.prices.cost(question.model, tokens) if tokens.total else Money(Decimal(0))
        if outcome == "ok" or tokens.total:
            ctx.spent(cost=cost, tokens=tokens.total)
        action = acting.acting_on.get()
        call = Call(
            id=self.line.ids.new(),
            tenant_id=ctx.tenant_id,
            at=self.line.clock.now(),
            source="run",
            provider=provider,
            model=model,
            principal=ctx.principal,
            tokens=tokens,
            cost=cost.amount,
            latency_ms=seconds * 1_000,
            outcome=outcome,
            valid=valid,
            repairs=about.repairs,
            streamed=question.show is not None,
            run_id=ctx.run_id,
            step=action.step if action else "",
            workflow=action.workflow if action else "",
            agent=question.agent,
            prompt=about.prompt,
            prompt_version=about.version,
            experiment=about.experiment,
            arm=about.arm,
        )
        acting.account().beside.extend((recorded(call), *self.line.counted(call)))
        return cost.amount


class _Asked:
    """One question on its way: what its attempts took so far, and whether anybody was shown a part."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._shown = False
        self.key: str | None = None
        self.tokens = Tokens()

    async def once(self, model: Model) -> ModelResponse:
        question, before = self._question, self.tokens
        try:
            response = await (self._whole(model) if question.show is None else self._streamed(model))
        except asyncio.CancelledError:  # its time is over: what was asked is billed, whoever hears the answer
            if self.tokens == before:
                self._add(Tokens(question.call.input_tokens, 0))
            raise
        except Exception as error:  # noqa: BLE001 - told as an error of ours
            found = told(error, question.model, self.key)
            if self._shown:
                found = StreamCut(f"The answer of {question.model} broke off: {found.message}")
            raise found from None  # whose cause may hold the key
        self._took(response)
        return settled(response)

    async def _whole(self, model: Model) -> ModelResponse:
        question = self._question
        return await direct.model_request(
            model,
            question.conversation.messages(),
            model_settings=question.settings,
            model_request_parameters=question.parameters(model),
        )

    async def _streamed(self, model: Model) -> ModelResponse:
        question = self._question
        async with direct.model_request_stream(
            model,
            question.conversation.messages(),
            model_settings=question.settings,
            model_request_parameters=question.parameters(model),
        ) as stream:
            try:
                async for event in stream:
                    self._show(event)
            except BaseException:
                self._took(stream.get())  # what is known of what it took so far
                raise
            return stream.get()

    def _show(self, event: object) -> None:
        piece = ""
        if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
            piece = event.part.content
        elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
            piece = event.delta.content_delta
        if piece and self._question.show is not None:
            self._shown |= self._question.show(piece)

    def _took(self, response: ModelResponse) -> None:
        """Add what a response took; a provider that does not say is taken to have used what was estimated."""
        usage = response.usage
        took = Tokens(
            usage.input_tokens or 0,
            usage.output_tokens or 0,
            usage.cache_read_tokens or 0,
            usage.cache_write_tokens or 0,
        )
        if not took.total:
            written = sum(len(str(part)) for part in response.parts)
            took = Tokens(self._question.call.input_tokens, min(written, self._question.most_tokens))
        self._add(took)

    def _add(self, took: Tokens) -> None:
        self.tokens = Tokens(*(one + other for one, other in zip(self.tokens, took, strict=True)))


def _insist_on_provider(ctx: Context, provider: str) -> None:
    """Raise `Killed` where somebody has thrown the switch of a provider."""
    if killed := turn_of(ctx).services.switches.stops(ctx.tenant_id, "provider", provider):
        raise Killed(killed)


async def answered(
    providers: Providers, route: Route, question: Question, seconds: float, calls: Calls | None = None
) -> tuple[ModelResponse, Tokens]:
    """What a model answers outside of runs, within so many seconds, and what that took.

    Each attempt goes through `calls`. Raises errors of providers.
    """
    model, key = await providers.model(route)
    asked = _Asked(question)
    asked.key = key

    async def work() -> ModelResponse:
        try:
            async with asyncio.timeout(seconds):
                return await asked.once(model)
        except TimeoutError as error:
            raise told(error, route.id, key) from None

    most = question.call.input_tokens + question.most_tokens
    response = await (calls or Direct()).call(route, most, work)
    return response, asked.tokens


async def asked_once(providers: Providers, route: Route, prompt: str, most: int) -> tuple[str, Tokens]:
    """What a model says to one text within 30 seconds, and what it took. Raises errors of providers."""
    question = Question(
        model=route.id,
        conversation=Conversation([Said(role="user", text=prompt)]),
        parameters=lambda _: ModelRequestParameters(),
        settings=ModelSettings(max_tokens=most),
        most_tokens=most,
    )
    response, tokens = await answered(providers, route, question, 30)
    return response.text or "", tokens


def response_of(reply: Reply) -> ModelResponse:
    """The response in a reply."""
    return _RESPONSES.validate_python(reply.response)


def settled(response: ModelResponse) -> ModelResponse:
    """A response as it is journalled: arguments are values, not text, so that guards see into them."""
    parts = [_settled(part) for part in response.parts]
    return replace(response, parts=parts, provider_details=None, provider_url=None)


def _settled(part: ModelResponsePart) -> ModelResponsePart:
    if isinstance(part, ToolCallPart) and isinstance(part.args, str):
        with suppress(ValueError, AssertionError):  # half a JSON stays as it came: the model is told so
            given: Any = part.args_as_dict(raise_if_invalid=True)
            return replace(part, args=given)
    return part
