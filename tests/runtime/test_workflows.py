"""Workflows and the registry that finds them by name and version."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, workflow
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.runtime.workflows import Workflows


class Ticket(BaseModel):
    text: str


def versions(name: str, *numbers: int) -> list[Any]:
    async def flow(ctx: Context, ticket: Ticket) -> str:
        """Handle a ticket.

        And more.
        """
        return ticket.text

    return [workflow(name, version=number)(flow) for number in numbers]


def test_a_workflow_knows_its_pin_its_summary_and_its_schema() -> None:
    (flow,) = versions("support", 3)
    assert (flow.pin, flow.summary) == ("support@3", "Handle a ticket.")
    assert flow.input_schema["required"] == ["text"]


def test_the_newest_version_is_found_and_every_pinned_one() -> None:
    registry = Workflows([*versions("b", 1, 10, 9), *versions("a", 2)])
    assert registry.latest("b").version == 10
    assert registry.pinned("b@9").version == 9
    assert registry.pins == ["a@2", "b@1", "b@10", "b@9"]
    assert [flow.pin for flow in registry.all()] == ["a@2", "b@10"]
    with pytest.raises(KeyError):
        registry.pinned("b@2")


def test_an_unknown_workflow_is_told_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="'nothing'") as caught:
        Workflows(versions("a", 1)).latest("nothing")
    assert caught.value.hint == "Known workflows: a."
    with pytest.raises(NotFound) as caught:
        Workflows([]).latest("x" * 1_000)
    assert caught.value.hint == "Known workflows: none."
    assert len(caught.value.message) < 200


def test_the_same_workflow_may_come_twice_and_another_of_its_name_and_version_not() -> None:
    (flow,) = versions("a", 1)
    assert Workflows([flow, flow]).pins == ["a@1"]
    with pytest.raises(InvalidInput, match="a@1 is registered twice"):
        Workflows([flow, *versions("a", 1)])


def test_a_workflow_is_async_has_a_name_and_a_version_from_one_on() -> None:
    with pytest.raises(InvalidInput, match="async def"):
        workflow("w")(lambda _ctx: None)
    with pytest.raises(InvalidInput, match="cannot name a workflow"):
        workflow("no name")
    with pytest.raises(InvalidInput, match="starts at 1"):
        workflow("w", version=0)
