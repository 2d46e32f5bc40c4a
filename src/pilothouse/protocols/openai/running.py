"""A workflow, or an agent, that answers as a model: its run is submitted, and followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson
from pydantic import JsonValue

from pilothouse.errors import Forbidden, InvalidInput
from pilothouse.kit.scope import Scope
from pilothouse.llm.service import ModelUnknown
from pilothouse.policies.service import Authority
from pilothouse.protocols.openai.accounting import Account
from pilothouse.protocols.openai.asking import Asked, Body, Kind
from pilothouse.protocols.openai.errors import RunFailed, WrongRequest
from pilothouse.protocols.openai.models import AGENT, WORKFLOW
from pilothouse.protocols.openai.replaying import event
from pilothouse.protocols.openai.sending import Answer, Sender
from pilothouse.runs.schemas import Run, RunStatus, Submission
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.entries import Kind as Entry

PERMISSION = "runs:submit"
SETTLES = 0.1
"""Seconds between two looks at whether a run that asks has begun to wait."""

OfAgent = Callable[[str, JsonValue], Submission]
"""The run that has one agent answer: of the built-in workflow that calls it."""


def of_agents(known: Mapping[str, Submission]) -> OfAgent:
    """The runs of agents that are `known`, each by what is submitted for it without its input."""

    def wanted(name: str, given: JsonValue) -> Submission:
        found = known.get(name)
        if found is None:
            raise ModelUnknown(f"{name[:200]!r} is no agent.", hint="GET /v1/models lists them.")
        return found.model_copy(update={"input": given})

    return wanted


class Follows(Protocol):
    """Follows a run to its end."""

    def __aiter__(self) -> Follows: ...

    async def __anext__(self) -> Any:
        """What came, with its `items` and its `end`."""
        ...

    async def aclose(self) -> None:
        """Follow no longer."""
        ...


class Runs(Protocol):
    """Runs of a caller."""

    async def submit(self, caller: Scope, wanted: Submission) -> Run:
        """Make a run. Raises `InvalidInput` and `QueueFull`."""
        ...

    async def show(self, caller: Scope, run_id: UUID) -> Run:
        """The run as it is."""
        ...

    def follow(self, caller: Scope, run_id: UUID) -> Awaitable[Follows]:
        """What happens in a run, from its beginning."""
        ...


class RunsAsModels:
    """Has workflows answer, and agents where `of_agent` says how."""

    def __init__(
        self, runs: Runs, authority: Authority, workflows: Collection[str], of_agent: OfAgent | None = None
    ) -> None:
        """Answer with those `workflows`, by name."""
        self._runs, self._authority = runs, authority
        self._workflows, self._of_agent = frozenset(workflows), of_agent

    def knows(self, model: str) -> bool:
        """Whether a name is one of a workflow or an agent."""
        return model.startswith((WORKFLOW, AGENT))

    async def answer(self, account: Account, sender: Sender) -> None:
        """Submit a run and answer with what it gives; a client that goes away leaves it running.

        Raises `Forbidden`, `ModelUnknown`, `InvalidInput`, and `RunFailed`.
        """
        caller, asked = account.caller, account.asked
        if not self._authority.decide(caller, PERMISSION).allowed:
            raise Forbidden(f"A workflow as a model needs the permission {PERMISSION}.", hint="Ask an admin.")
        run = await self._runs.submit(caller, self._wanted(asked))
        told = (b"x-pilothouse-run", str(run.id).encode())
        if asked.stream:
            await sender.begin(asked.model, None, told)
        said = await self._followed(caller, run.id, asked, sender)
        run = await self._runs.show(caller, run.id)
        if run.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
            error = RunFailed(f"The run {run.id} has {run.status.value}.", hint=_why(run))
            if asked.stream:
                await sender.end(error)
                return
            error.__dict__["headers"] = {"x-pilothouse-run": str(run.id)}
            raise error
        text = _waiting(run) if run.status is not RunStatus.COMPLETED else _text(run.output)
        if not asked.stream:
            body = orjson.dumps(_completion(asked, run, text))
            await sender.whole(Answer(200, body, asked.model, headers=(told,)))
            return
        if text != said:
            await sender.piece(_chunk(asked, run.id, f"\n\n{text}" if said else text))
        await sender.piece(_end(asked, run.id))
        await sender.end()

    def _wanted(self, asked: Asked) -> Submission:
        """The run that answers. Raises `ModelUnknown` and `WrongRequest`."""
        if asked.kind is not Kind.CHAT:
            raise WrongRequest("Workflows and agents answer chat completions only.", "model")
        given = _input(asked)
        kind, _, name = asked.model.partition("/")
        if kind == "agent" and self._of_agent is not None:
            return self._of_agent(name, given)
        if kind != "workflow" or name not in self._workflows:
            raise ModelUnknown(f"{asked.model[:200]!r} is no model.", hint="GET /v1/models lists them.")
        return Submission(workflow=name, input=given)

    async def _followed(self, caller: Scope, run_id: UUID, asked: Asked, sender: Sender) -> str:
        """Follow a run until it ends or waits for a person; returns what was said of it meanwhile."""
        said: list[str] = []
        follows = await self._runs.follow(caller, run_id)
        try:
            async for batch in follows:
                for item in batch.items:
                    if isinstance(item, Delta) and asked.stream and item.text:
                        said.append(item.text)
                        await sender.piece(_chunk(asked, run_id, item.text))
                asks = any(getattr(item, "kind", "") == Entry.ASKED for item in batch.items)
                if batch.end is None and (asks or not batch.items) and await self._waits(caller, run_id):
                    break
        finally:
            await follows.aclose()
        return "".join(said)

    async def _waits(self, caller: Scope, run_id: UUID) -> bool:
        """Whether a run that has asked waits for the answer, once its turn is over."""
        while True:
            run = await self._runs.show(caller, run_id)
            if run.status is not RunStatus.RUNNING:
                return run.status is RunStatus.WAITING and run.open_questions > 0
            await asyncio.sleep(SETTLES)


def _input(asked: Asked) -> JsonValue:
    """What the last message of the user says: JSON, where it is."""
    messages = asked.body["messages"]
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            text = _said(message)
            try:
                found: JsonValue = orjson.loads(text)
            except orjson.JSONDecodeError:
                return text
            return found
    raise WrongRequest("There is no message of a user.", "messages")


def _said(message: Body) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [str(part.get("text")) for part in parts if isinstance(part, dict) and part.get("text")]
    if not texts:
        raise InvalidInput("The last message of the user has no text.")
    return "\n".join(texts)


def _text(output: JsonValue) -> str:
    return output if isinstance(output, str) else orjson.dumps(output).decode()


def _waiting(run: Run) -> str:
    return f"The run {run.id} waits: {run.status_detail.message} It goes on once that has come."


def _why(run: Run) -> str:
    return f"{run.status_detail.message} `pilothouse show {run.id}` tells more."


def _head(asked: Asked, run_id: UUID, kind: str) -> Body:
    created = (run_id.int >> 80) // 1_000
    return {"id": f"chatcmpl-{run_id}", "object": kind, "created": created, "model": asked.model}


def _completion(asked: Asked, run: Run, text: str) -> Body:
    message: Body = {"role": "assistant", "content": text}
    usage: Body = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    choice: Body = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**_head(asked, run.id, "chat.completion"), "choices": [choice], "usage": usage}


def _chunk(asked: Asked, run_id: UUID, text: str) -> bytes:
    delta: Body = {"role": "assistant", "content": text}
    choice: Body = {"index": 0, "delta": delta, "finish_reason": None}
    return event({**_head(asked, run_id, "chat.completion.chunk"), "choices": [choice]})


def _end(asked: Asked, run_id: UUID) -> bytes:
    choice: Body = {"index": 0, "delta": {}, "finish_reason": "stop"}
    last = event({**_head(asked, run_id, "chat.completion.chunk"), "choices": [choice]})
    return last + b"data: [DONE]\n\n"
