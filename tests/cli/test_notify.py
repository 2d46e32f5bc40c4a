"""`pilothouse notify` as people type it, on this machine's own database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilothouse.cli import notifying
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, NotFound
from support.reached import Shop
from support.shell import Shell


async def test_a_target_is_added_listed_tested_rotated_and_removed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    client = RemoteClient(shop.client)
    given: dict[str, Any] = {
        "name": "hook",
        "channel": "webhook",
        "events": [],
        "roles": ["finance"],
        "links": False,
    }
    assert await notifying.add(client, given, f"{shop.receiver.url}/secret-path", as_json=False)
    told = capsys.readouterr()
    assert (told.out.startswith("whsec_"), told.out.count("\n"), "not shown again" in told.err) == (
        True,
        1,
        True,
    )
    assert await notifying.show_all(client, as_json=False)
    listed = capsys.readouterr().out
    assert ("hook" in listed, "finance" in listed, "secret-path" in listed) == (True, True, False)
    assert await notifying.test(client, "hook", as_json=False)
    assert "hook has taken it (204)" in capsys.readouterr().out
    shop.receiver.answers = [500]
    assert not await notifying.test(client, "hook", as_json=False)
    assert "answers 500" in capsys.readouterr().out
    assert await notifying.rotate(client, "hook", 3_600, as_json=True)
    assert json.loads(capsys.readouterr().out)["target"]["previous_until"] is not None
    assert await notifying.deliveries(client, "dead", "hook", 10, as_json=False)
    shown = capsys.readouterr().out
    assert ("dead (500)" in shown, "answers 500" in shown) == (True, True)
    assert await notifying.remove(client, "hook")
    with pytest.raises(NotFound):
        await notifying.enable(client, "hook")


async def test_an_address_is_read_from_standard_input(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, lines = RemoteClient(shop.client), iter([f"{shop.receiver.url}/in\n", ""])
    monkeypatch.setattr("sys.stdin.readline", lambda: next(lines), raising=False)
    given: dict[str, Any] = {"name": "hook", "channel": "webhook"}
    assert await notifying.add(client, given, "-", as_json=True)
    assert json.loads(capsys.readouterr().out)["target"]["name"] == "hook"
    with pytest.raises(InvalidInput):
        await notifying.add(client, given, "-", as_json=True)


def test_the_command_finds_its_way(pilothouse: Shell) -> None:
    assert "Nobody is told anything" in pilothouse("notify", "list").out
    refused = pilothouse("notify", "add", "inner", "webhook", "http://10.1.2.3/in")
    assert (refused.code, "not to be reached" in refused.err) == (2, True)
