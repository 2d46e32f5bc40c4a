"""An agent run by itself, by a workflow that only calls it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from pilothouse import App, Context, agent, workflow
from pilothouse.agents.running import running, workflow_of
from pilothouse.errors import NotFound
from pilothouse.runnable import runnable
from support.rehearsal import Rehearsal


class Ticket(BaseModel):
    text: str


@agent
async def measure(ctx: Context, ticket: Ticket) -> int:
    """Measure a ticket."""
    return len(ticket.text)


@agent
async def tick(ctx: Context) -> str:
    return "tick"


async def test_an_agent_is_run_with_its_own_types() -> None:
    made = running(measure)
    assert (made.name, made.summary) == ("agent.measure", "Measure a ticket.")
    assert made.input_schema["properties"].keys() == {"text"}
    assert await Rehearsal(made, {"text": "four"}).finish() == 4
    assert await Rehearsal(running(tick)).finish() == "tick"


@workflow("count", personal=True)
async def count(ctx: Context) -> int:
    return 1


@workflow("agent.tick")
async def own_tick(ctx: Context) -> str:
    return "of the application"


def test_each_name_is_run_once_and_found_by_the_name_of_a_model() -> None:
    apps = [App("one", workflows=[count, own_tick], agents=[measure, tick]), App("two", agents=[measure])]
    found = {made.name: made for made in runnable(apps)}
    assert list(found) == ["count", "agent.tick", "agent.measure"]
    assert found["agent.tick"] is own_tick
    assert found["agent.measure"].personal
    assert not any(made.personal for made in runnable(apps[1:]))
    assert workflow_of("agent/measure") == "agent.measure"
    assert workflow_of("workflow/mlops") == "mlops"
    with pytest.raises(NotFound, match="names no agent"):
        workflow_of("gpt-5")
