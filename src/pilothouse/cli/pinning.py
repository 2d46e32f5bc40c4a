"""What `pilothouse mcp` does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from pilothouse.cli import tables
from pilothouse.cli.opening import Options, remote
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.tools.mcp.pins import Description
from pilothouse.tools.mcp.server import McpServer


def _servers(options: Options) -> list[tuple[str, McpServer]]:
    return sorted(
        ((app.name, server) for app in options.installed() for server in app.servers),
        key=lambda item: (item[0], item[1].name),
    )


def _named(options: Options, name: str) -> McpServer:
    found = [server for _, server in _servers(options) if server.name == name]
    if not found:
        known = ", ".join(server.name for _, server in _servers(options)) or "none"
        raise NotFound(f"No application uses an MCP server {name!r}.", hint=f"Known: {known}.")
    return found[0]


def list_servers(options: Options, *, as_json: bool) -> None:
    """Print the servers of the applications, with what was approved."""
    rows = []
    for app, server in _servers(options):
        approved = server.pin.approved()
        pin = approved.pin if approved else "not approved"
        rows.append((server.name, app, str(len(server.tools)), pin))
    if as_json:
        names = ("name", "app", "tools", "pin")
        sys.stdout.write(f"{json.dumps([dict(zip(names, row, strict=True)) for row in rows])}\n")
        return
    tables.listed(("name", "app", "tools", "pin"), rows, "No application uses an MCP server.", whole=("pin",))


async def show(options: Options, name: str, *, as_json: bool) -> None:
    """Print what a server says of itself now, and which of its texts look like attacks."""
    found = await _named(options, name).describe()
    flagged = sorted(set(_flagged(found)))
    if as_json:
        said = {"pin": found.pin, "flagged": flagged, "offers": found.model_dump(mode="json")}
        sys.stdout.write(f"{json.dumps(said)}\n")
        return
    sys.stdout.write(f"{found.name} {found.version}\n{found.pin}\n")
    rows = [(tool.name, " ".join(tool.description.split())) for tool in found.tools]
    tables.listed(("tool", "description"), rows, "It offers no tools.")
    for each in flagged:
        sys.stdout.write(f"Looks like an attack on a model: {each}\n")


async def diff(options: Options, name: str) -> bool:
    """Print how a server differs from what was approved; whether it does."""
    server = _named(options, name)
    before, now = server.pin.approved(), await server.describe()
    if before is None:
        sys.stdout.write(f"Nobody has approved it. It is {now.pin} now.\n")
        return True
    lines = list(before.differences(now))
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "It is what was approved.\n")
    if lines:
        sys.stdout.write(f"It is {now.pin} now.\n")
    return bool(lines)


async def approve(options: Options, name: str, pin: str) -> None:
    """Approve a server as it is now."""
    server = _named(options, name)
    found = await server.approve(pin)
    sys.stdout.write(f"Approved {name} with {len(found.tools)} tools: {server.pin.path.name} is written.\n")


async def serve(options: Options) -> None:
    """Serve MCP over standard input and output until the client goes away."""
    from mcp.server.stdio import stdio_server

    from pilothouse.protocols.mcp.offering import Offering

    if options.server is None:
        raise InvalidInput("It is not said of which server.", hint="pilothouse --server URL mcp serve")
    async with remote(options, options.server) as client:
        made = Offering(lambda _: client).server()
        async with stdio_server() as (read, write):
            await made.run(read, write, made.create_initialization_options())


def _flagged(found: Description) -> Iterator[str]:
    from pilothouse.guards.injection.scorer import InjectionGuard

    guard = InjectionGuard()
    for tool in found.tools:
        for text in (tool.description, json.dumps(tool.input_schema)):
            if guard.scan(text, outside=True):
                yield f"tool {tool.name}"
    if found.instructions and guard.scan(found.instructions, outside=True):
        yield "its instructions"
