"""An agent run by itself, by a workflow that only calls it: for those who know agents and no workflows."""

from __future__ import annotations

from typing import Any

from pilothouse.agents.agent import Agent
from pilothouse.errors import NotFound
from pilothouse.runtime.context import Context
from pilothouse.runtime.workflows import Workflow, workflow

PREFIX = "agent."
"""What the names of these workflows begin with."""


def running(agent: Agent[Any, Any], *, personal: bool = False, untrusted_input: bool = False) -> Workflow:
    """The workflow `agent.NAME`, which calls the agent with its input and gives its output.

    `personal` and `untrusted_input` are as for `workflow`.
    """

    async def call(ctx: Context, value: Any) -> Any:
        return await ctx.call(agent, value)

    async def call_without(ctx: Context) -> Any:
        return await ctx.call(agent)

    function = call if agent.signature.takes_value else call_without
    function.__name__ = function.__qualname__ = agent.name
    function.__doc__ = agent.summary or f"Call the agent {agent.name}."
    hints = {"value": agent.signature.input_type} if agent.signature.takes_value else {}
    function.__annotations__ = {"ctx": Context, **hints, "return": agent.signature.output_type}
    name = f"{PREFIX}{agent.name}"[:100]
    return workflow(name, personal=personal, untrusted_input=untrusted_input)(function)


def workflow_of(model: str) -> str:
    """The workflow that `agent/NAME` or `workflow/NAME` names as a model. Raises `NotFound`."""
    kind, _, name = model.partition("/")
    if not name or kind not in {"agent", "workflow"}:
        message = f"{model[:80]!r} names no agent and no workflow."
        raise NotFound(message, hint="Write agent/NAME or workflow/NAME.")
    return f"{PREFIX}{name}" if kind == "agent" else name
