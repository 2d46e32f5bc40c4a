"""Workflows and agents as tools: a call submits a run, waits for its end, and else tells how to ask again.

Everything is asked of the API as the caller, so that the caller's permissions, limits and audit are those of
any other request.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, Protocol

import orjson
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import JsonValue

from pilothouse.errors import PilothouseError

WAIT = 20.0
"""Seconds that a call waits for its run, where nothing else is said."""
PAUSE = 0.25
STATUS = "run_status"
ENDED = frozenset({"completed", "failed", "cancelled"})
_UNFIT = re.compile("[^A-Za-z0-9_-]")


class Api(Protocol):
    """The API, asked as one caller."""

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON that one request is answered with. Raises `PilothouseError` where it is refused."""
        ...


class Offering:
    """The workflows and agents that a caller may start, as tools of an MCP server."""

    def __init__(self, api: Callable[[Any], Api], *, wait: float = WAIT, pause: float = PAUSE) -> None:
        """`api` gives the API as the caller of an MCP request; a call waits `wait` seconds for its run."""
        self._api, self._wait, self._pause = api, wait, pause

    def server(self) -> Server[Any]:
        """The MCP server."""
        return Server(
            "pilothouse",
            version=version("pilothouse"),
            instructions=f"Each tool starts a durable run. Of one that takes longer ask {STATUS} later.",
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def _list(self, request: Any, _: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[*(await self._tools(self._api(request))).values(), _STATUS])

    async def _call(self, request: Any, asked: CallToolRequestParams) -> CallToolResult:
        api, given = self._api(request), dict(asked.arguments or {})
        try:
            if asked.name == STATUS:
                run = await api.ask("GET", f"/runs/{_id(given.get('run_id'))}")
                return _told(await self._ended(api, run, _seconds(given.get("wait"), self._wait)))
            workflows = {_name(item["name"]): item for item in await self._workflows(api)}
            found = workflows.get(asked.name)
            if found is None:
                raise MCPError(INVALID_PARAMS, f"There is no tool {asked.name[:80]!r}.")
            value = given.get("input") if _wrapped(found["input_schema"]) else given
            run = await api.ask("POST", "/runs", json={"workflow": found["name"], "input": value})
            return _told(await self._ended(api, run, self._wait))
        except PilothouseError as error:
            return _text(" ".join(filter(None, (error.message, error.hint))), failed=True)

    async def _ended(self, api: Api, run: Mapping[str, Any], wait: float) -> Mapping[str, Any]:
        """The run, once it has ended or waits for a person, or as it is after `wait` seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while run["status"] not in ENDED | {"waiting"} and loop.time() < until:
            await asyncio.sleep(self._pause)
            run = await api.ask("GET", f"/runs/{run['id']}")
        return run if "output" in run else await api.ask("GET", f"/runs/{run['id']}")

    async def _tools(self, api: Api) -> dict[str, Tool]:
        try:
            return {_name(item["name"]): _tool(item) for item in await self._workflows(api)}
        except PilothouseError as error:
            raise MCPError(INVALID_PARAMS, error.message) from error

    async def _workflows(self, api: Api) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await api.ask("GET", "/workflows?agents=true"))["items"]
        return found


_STATUS = Tool(
    name=STATUS,
    description="Tell how far a run is, and what came of it. It waits up to `wait` seconds for its end.",
    input_schema={
        "type": "object",
        "properties": {"run_id": {"type": "string"}, "wait": {"type": "number", "minimum": 0, "maximum": 60}},
        "required": ["run_id"],
    },
    annotations=ToolAnnotations(read_only_hint=True),
)


def _tool(item: Mapping[str, Any]) -> Tool:
    schema: dict[str, JsonValue] = dict(item["input_schema"])
    if _wrapped(schema):
        about = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
        schema = {"type": "object", "properties": {"input": schema}, **about}
    return Tool(name=_name(item["name"]), description=item["summary"] or None, input_schema=schema)


def _wrapped(schema: Mapping[str, JsonValue]) -> bool:
    """Whether a workflow's input is no object: it is the member `input` of the tool's arguments then."""
    return schema.get("type") != "object"


def _name(workflow: str) -> str:
    """What a workflow's tool is called: models take fewer characters than workflows."""
    return _UNFIT.sub("_", workflow)


def _id(given: object) -> str:
    """A run's id as part of a path; raises `MCPError` for what is none."""
    if not isinstance(given, str) or not re.fullmatch("[0-9a-fA-F-]{36}", given):
        raise MCPError(INVALID_PARAMS, "run_id is the id of a run, as a call of its tool has told it.")
    return given


def _seconds(given: object, most: float) -> float:
    return min(max(float(given), 0.0), 60.0) if isinstance(given, int | float) else most


def _told(run: Mapping[str, Any]) -> CallToolResult:
    """What came of a run, or how to go on."""
    status = run["status"]
    told: dict[str, Any] = {"run_id": run["id"], "status": status}
    if status == "completed":
        told["output"] = run["output"]
    elif status == "failed":
        told["error"] = run["error"]
    elif status == "waiting" and run.get("questions"):
        told["waits_for"] = [question.get("prompt") for question in run["questions"]]
    if status not in ENDED:
        told["next"] = f"Ask {STATUS} with this run_id."
    text = TextContent(text=orjson.dumps(told).decode())
    return CallToolResult(content=[text], structured_content=told, is_error=status == "failed")


def _text(text: str, *, failed: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=failed)
