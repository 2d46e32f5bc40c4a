"""A model as a rung: asked, acting through `ctx.act`, shown what is wrong; its answer is valid or none."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_ai.messages import ModelResponse
from pydantic_ai.settings import ModelSettings

from pilothouse.agents.briefing import Briefing
from pilothouse.agents.ladder import Card
from pilothouse.agents.offering import Offer, ToolSource
from pilothouse.agents.output import Output, Wanted, wanted
from pilothouse.agents.planning import Planned, Rendered
from pilothouse.kit.clock import elapsed
from pilothouse.llm.service import (
    About,
    AnswerInvalid,
    Asking,
    Conversation,
    Exchange,
    Line,
    Question,
    Reply,
    Told,
    TooManyRequests,
    response_of,
)
from pilothouse.prompts.schemas import PromptSettings
from pilothouse.runtime import acting
from pilothouse.runtime.branch import current, fallen
from pilothouse.runtime.cards import Progress, ReasonCard
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.errors import StepFailed, WrongType
from pilothouse.runtime.ports import Actor
from pilothouse.runtime.signature import Signature

REPAIRS = 2
"""How often a model is shown what is wrong with its answer."""
MOST_TOKENS = 4_096
"""Tokens that an answer has at most, unless the prompt says otherwise."""
LEAST = 0.001
"""Seconds that a request has at least: one that has none left is made and fails, and is journalled so."""

AFTER_TOOLS = "Not taken: first see what the other tools gave, then answer again."
ANEW = "The answer is begun anew: what was shown of it does not hold."
CUT = frozenset({"stream_cut", "deadline_exceeded", "step_timed_out", "killed"})
"""Failures by which an answer of which a part was shown may end."""

_NAMED = {"max_tokens", "temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"}
"""Settings of a prompt that Pydantic AI calls alike."""

Verify = Callable[[Any, Any], Any]
"""Says of an input and an output what is wrong: by returning problems, or by raising."""


@dataclass(frozen=True)
class Asker:
    """An agent as its model rungs know it."""

    name: str
    signature: Signature
    tools: Sequence[Actor[Any, Any]] = ()
    sources: Sequence[ToolSource] = ()
    verify: Verify | None = None
    card: Card | None = None
    model_requests: int = 10
    output: Output = field(init=False)

    def __post_init__(self) -> None:
        """Know how its output is asked for."""
        object.__setattr__(self, "output", Output(self.signature))

    async def problems(self, arguments: tuple[Any, ...], value: Any) -> list[str]:
        """What the agent's own checks say is wrong with an output; nothing where it has none."""
        if self.verify is None:
            return []
        try:
            said = self.verify(arguments[0] if arguments else None, value)
            if inspect.isawaitable(said):
                said = await said
        except Exception as error:  # noqa: BLE001 - it is the agent's way to say what is wrong
            return [str(error) or type(error).__name__]
        if said is None or said is True:
            return []
        return ["It is not right."] if said is False else [said] if isinstance(said, str) else list(said)


def objection(response: ModelResponse, found: Wanted, problems: Sequence[str]) -> Exchange:
    """What follows an answer that is not valid: the model is shown why."""
    said = "; ".join(problems)
    remark = f"The answer is not valid: {said}. Give it again, in full and without this error."
    if found.answer is not None:
        return Exchange(response, (Told(found.answer, remark),))
    return Exchange(response, remark=remark)


Keep = Callable[[Context, tuple[Any, ...], Any], Awaitable[None]]
"""Keeps a valid answer that took no action."""


class ModelRung:
    """One model at one provider."""

    asks_model = True

    def __init__(
        self, asker: Asker, planned: Planned, briefing: Briefing, line: Line, keep: Keep | None = None
    ) -> None:
        """The rung that is `planned` for an agent; its valid answers are given to `keep`."""
        self._asker, self._planned, self._briefing, self._line = asker, planned, briefing, line
        self._keep = keep

    @property
    def name(self) -> str:
        """`model:` or `fallback:`, and which one."""
        return self._planned.name

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """The model's answer, of the agent's own type and checked by it.

        Raises what the asking raised, `AnswerInvalid` after the repairs, `TooManyRequests`.
        """
        rendered = await self._briefing.prompt(ctx, arguments)
        tools = list(self._asker.tools)
        for source in self._asker.sources:
            tools += await source.offered(ctx)
        talk = _Talk(self._asker, self._planned, self._briefing, self._line, rendered, Offer(tools))
        try:
            value = await talk.answer(ctx, arguments)
        except StepFailed as error:
            if self._asker.output.is_text and error.failure.code in CUT:
                talk.void(ctx)
            raise
        ctx.emit(self._card(talk, arguments, value))
        if self._keep is not None and talk.live and not talk.acted:
            await self._keep(ctx, arguments, value)
        return value

    def _card(self, talk: _Talk, arguments: tuple[Any, ...], value: Any) -> ReasonCard:
        """The agent's own card, with how the answer came about; a plain one where it has none."""
        chosen, planned = self._briefing.chosen, self._planned
        steps = [f"Prompt {chosen.prompt}{f' {chosen.version}' if chosen.version else ''}."]
        steps += [f"Passed over {name}: {reason}" for name, reason in fallen.get()]
        if talk.repairs:
            steps.append(f"Repaired {talk.repairs} times.")
        if self._asker.card is not None:
            own = self._asker.card(arguments[0] if arguments else None, value)
            return own.model_copy(update={"reasoning": (*own.reasoning, *steps)})
        said = getattr(value, "confidence", None)
        told = {"confidence": float(said)} if isinstance(said, (int, float)) and 0 <= said <= 1 else {}
        return ReasonCard(decision=f"{planned.model} answered.", reasoning=tuple(steps), **told)


def settings_of(said: PromptSettings) -> ModelSettings:
    """What a prompt says of how a model is asked, as Pydantic AI has it. Its time is the rung's matter."""
    named = said.model_dump(include=_NAMED, exclude_none=True)
    settings = cast("ModelSettings", {"max_tokens": MOST_TOKENS, **named})
    if said.stop:
        settings["stop_sequences"] = list(said.stop)
    return settings


class _Talk:
    """One conversation with one model about one answer."""

    def __init__(
        self,
        asker: Asker,
        planned: Planned,
        briefing: Briefing,
        line: Line,
        rendered: Rendered,
        offer: Offer,
    ) -> None:
        self._asker, self._planned, self._briefing, self._line = asker, planned, briefing, line
        self._rendered, self._offer = rendered, offer
        self._conversation = Conversation(rendered.messages)
        self._begun = elapsed()
        self.repairs = 0
        self._repairs_now = False
        self.acted = False
        self.live = False

    async def answer(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        for _ in range(self._asker.model_requests):
            response = response_of(await self._ask(ctx))
            found = wanted(response)
            if found.calls:
                await self._act(ctx, response, found)
                continue
            value, problems = await self._judged(found, arguments)
            if not problems:
                return value
            self._object(ctx, response, found, problems)
        raise TooManyRequests(
            f"{self._planned.model} was asked {self._asker.model_requests} times for one answer.",
            hint="Raise model_requests of the agent, or offer it fewer tools.",
        )

    async def _judged(self, found: Wanted, arguments: tuple[Any, ...]) -> tuple[Any, list[str]]:
        """The value in a response, and what is wrong with it."""
        try:
            value = self._asker.output.read(found)
        except WrongType as error:
            return None, [error.message]
        return value, await self._asker.problems(arguments, value)

    async def _act(self, ctx: Context, response: ModelResponse, found: Wanted) -> None:
        """Do what the model wishes, one after another, as far as it may be done."""
        self.acted = True
        told = [Told(call, await self._offer.acted(ctx, call)) for call in found.calls]
        if found.answer is not None:
            told.append(Told(found.answer, AFTER_TOOLS))
        self._conversation.add(Exchange(response, tuple(told)))

    def _object(self, ctx: Context, response: ModelResponse, found: Wanted, problems: list[str]) -> None:
        """Show the model what is wrong. Raises `AnswerInvalid` where it has been shown often enough."""
        if self._asker.output.is_text:
            self.void(ctx)
        if self.repairs >= REPAIRS:
            said = "; ".join(problems)
            raise AnswerInvalid(f"The answer of {self._planned.model} is not valid: {said}")
        self.repairs += 1
        self._repairs_now = True
        self._conversation.add(objection(response, found, problems))

    @staticmethod
    def void(ctx: Context) -> None:
        """Tell whoever watches that the text which was shown does not hold; the next one begins at 0."""
        turn_of(ctx).anew(current.get().path)
        ctx.emit(Progress(message=ANEW))

    async def _ask(self, ctx: Context) -> Reply:
        """The model's reply to the conversation so far: from the journal where it is there."""
        turn, output, offer = turn_of(ctx), self._asker.output, self._offer
        chosen, path = self._briefing.chosen, current.get().path

        def show(piece: str) -> bool:
            if not turn.services.guard.shows(turn.claim.tenant_id):
                return False
            turn.say(path, piece)
            return True

        settings = settings_of(self._rendered.settings)
        most = settings.get("max_tokens", MOST_TOKENS)
        question = Question(
            model=self._planned.model,
            conversation=self._conversation,
            parameters=lambda model: output.parameters(model, offer.definitions),
            settings=settings,
            most_tokens=most,
            agent=self._asker.name,
            alias=self._planned.alias,
            about=About(chosen.prompt, chosen.version, chosen.experiment, chosen.arm, int(self._repairs_now)),
            show=show if output.is_text else None,
            valid=self._valid,
            schema_characters=output.characters + offer.characters,
        )
        self._repairs_now = False
        self.live = not current.get().replaying
        whole = min(self._planned.deadline, self._rendered.settings.timeout or self._planned.deadline)
        left = max(LEAST, whole - (elapsed() - self._begun))
        reply: Reply = await acting.act(turn, Asking(self._line, question, left), question.call, ctx)
        return reply

    async def _valid(self, response: ModelResponse) -> bool | None:
        """Whether a response has the wanted type; None where it only wishes for tools."""
        found = wanted(response)
        if found.calls:
            return None
        try:
            self._asker.output.read(found)
        except WrongType:
            return False
        return True
