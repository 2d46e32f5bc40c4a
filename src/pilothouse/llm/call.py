"""A request to a model as an action: what policies, budgets, approvers and the journal see of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

from pilothouse.errors import InvalidInput
from pilothouse.runtime.context import Context
from pilothouse.runtime.guarding import Inlet
from pilothouse.runtime.signature import Signature
from pilothouse.tools.service import Tool

TOOL = "model"
"""The tool that policies, budgets and switches know requests to models by."""


class ModelCall(BaseModel):
    """A request to a model as policies see it. `digest` names the messages; `output_tokens` are at most."""

    model_config = ConfigDict(frozen=True)

    model: str
    provider: str
    alias: str = ""
    agent: str = ""
    prompt: str = ""
    prompt_version: str = ""
    digest: str
    input_tokens: int
    output_tokens: int
    streamed: bool = False


class Reply(BaseModel):
    """What a model has answered: Pydantic AI's response as JSON. `cost` is in US dollars, `latency` in s."""

    model_config = ConfigDict(frozen=True)

    response: dict[str, JsonValue]
    cost: str = "0"
    latency: float = 0.0


async def ask_model(ctx: Context, call: ModelCall) -> Reply:  # noqa: ARG001 - what tools take
    """Ask a model."""
    raise InvalidInput(
        f"{call.model} is not asked: the messages are missing.",
        hint="Agents ask models: give an agent a prompt, @agent(prompt=...), and call it.",
    )


SIGNATURE = Signature(ask_model)
MODEL_TOOL: Tool[ModelCall, Reply] = Tool(TOOL, SIGNATURE, idempotent=True, inlet=Inlet.MODEL_ANSWER)
"""Asking a model, as the vocabulary of policies has it."""
