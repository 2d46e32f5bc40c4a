"""Pilothouse as an MCP server, asked by the official client: workflows as tools, with the caller's rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from pilothouse import App, Context, workflow
from pilothouse.cli.remote import RemoteClient
from pilothouse.protocols.mcp.offering import Offering
from support import parcels


@workflow("shout.loud")
async def shout(ctx: Context, text: str) -> str:
    """Shout a text."""
    return text.upper()


LOUD = App("loud", workflows=[shout])


async def offering(client: httpx.AsyncClient, wait: float = 5.0) -> Offering:
    remote = RemoteClient(client)
    return Offering(lambda _: remote, wait=wait, pause=0.01)


async def test_workflows_are_tools_with_their_schemas_and_a_call_gives_their_output(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    made = await offering(await open_api(parcels.app, LOUD))
    async with Client(made.server()) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"echo", "shout_loud", "run_status"} <= tools.keys()
        assert "text" in tools["echo"].input_schema["properties"]
        assert tools["shout_loud"].description == "Shout a text."
        told = (await client.call_tool("echo", {"text": "hello"})).structured_content
        assert (told["status"], "hello" in str(told["output"]).lower()) == ("completed", True)
        loud = (await client.call_tool("shout_loud", {"input": "hello"})).structured_content
        assert loud["output"] == "HELLO"


async def test_a_run_that_takes_longer_is_asked_for_again_and_one_that_waits_says_for_what(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    api = await open_api(parcels.app)
    async with Client((await offering(api, wait=0.0)).server()) as client:
        told = (await client.call_tool("ask", {"text": "hello"})).structured_content
        assert told["next"] == "Ask run_status with this run_id."
        again = (
            await client.call_tool("run_status", {"run_id": told["run_id"], "wait": 10})
        ).structured_content
        assert (again["status"], len(again["waits_for"])) == ("waiting", 1)


async def test_what_is_wrong_is_told(open_api: Callable[..., Awaitable[httpx.AsyncClient]]) -> None:
    async with Client((await offering(await open_api(parcels.app))).server()) as client:
        wrong = await client.call_tool("echo", {"text": 5})
        assert wrong.is_error
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("nothing", {})
        with pytest.raises(MCPError, match="id of a run"):
            await client.call_tool("run_status", {"run_id": "../people"})
