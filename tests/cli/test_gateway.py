"""`pilothouse gateway`, on this machine and on a server."""

from __future__ import annotations

import httpx
from typer.main import get_command

from pilothouse.cli import gateway
from pilothouse.cli.remote import RemoteClient
from support.shell import Shell


def test_every_command_has_an_example() -> None:
    for name, command in get_command(gateway.cache).commands.items():  # type: ignore[attr-defined]  # it is a group
        assert f"Example: pilothouse gateway cache {name}" in command.help


def test_what_is_kept_is_shown_and_cleared_here(pilothouse: Shell) -> None:
    shown = pilothouse("gateway", "cache", "show")
    assert shown.code == 0, shown
    assert "kept: deterministic" in shown.out
    assert "answers: 0" in shown.out
    assert pilothouse("gateway", "cache", "clear", "--json").document == {"answers": 0}


async def test_a_server_is_asked(client: httpx.AsyncClient) -> None:
    shown = await RemoteClient(client).ask("GET", "/model-cache")
    assert (shown["store"], shown["hit_rate"]) == ("database", None)
