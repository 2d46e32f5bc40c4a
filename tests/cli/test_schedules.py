"""The commands on schedules: really, on this machine and on a server, and what they print in this process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.main import get_command

from pilothouse import App
from pilothouse.cli import scheduling
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.schedules import cli
from pilothouse.cli.scheduling import Said, seconds
from pilothouse.errors import InvalidInput, NotFound
from support.shell import Shell
from support.waiting import rows


@pytest.fixture
def asked(client: httpx.AsyncClient) -> RemoteClient:
    return RemoteClient(client)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was printed since it was asked last."""
    return lambda: capsys.readouterr().out


async def make(asked: RemoteClient, name: str = "nightly", *, as_json: bool = False, **said: Any) -> None:
    given = {"text": '{"text": "hello"}', "zone": "Europe/Berlin"} | said
    if "every" not in given:
        given.setdefault("cron", "30 7 * * MON-FRI")
    wanted = {"name": name, "workflow": "echo"}
    await scheduling.create(asked, wanted, Said(**given), as_json=as_json)


def test_on_this_machine_the_database_is_asked(pilothouse: Shell) -> None:
    done = pilothouse(
        "schedules", "create", "nightly", "orders", "--cron", "30 7 * * *", "--zone", "Asia/Tokyo"
    )
    assert (done.code, "At 07:30 every day (Asia/Tokyo)" in done.out) == (0, True)


def test_every_command_has_an_example() -> None:
    commands = get_command(cli).commands  # type: ignore[attr-defined]  # it is a group
    assert len(commands) == 9
    for command in commands.values():
        assert "Example: pilothouse schedules" in command.help


EVERY_COMMAND = """
from pilothouse.cli.main import cli
for line in {lines!r}:
    cli(["--server", {server!r}, "schedules", *line], standalone_mode=False)
"""


async def test_a_server_is_asked_the_same_by_every_command(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, tmp_path: Path
) -> None:
    server = await open_server(sample_app)
    lines = [
        ["create", "often", "echo", '{"text": "x"}', "--every", "15m"],
        ["edit", "often", "--name", "seldom", "--every", "2h", "--overlap", "queue"],
        *(["pause", "seldom"], ["resume", "seldom"], ["trigger", "seldom", "--key", "k"]),
        *(["show", "seldom"], ["next", "seldom", "-n", "1"], ["list", "--workflow", "echo"]),
        ["delete", "seldom"],
    ]
    script = EVERY_COMMAND.format(lines=lines, server=str(server.base_url))
    pipe = asyncio.subprocess.PIPE
    credential = {"PILOTHOUSE_API_KEY": server.headers["authorization"].removeprefix("Bearer ")}
    environment = Shell(tmp_path, tmp_path).environment | credential
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script), env=environment, stdout=pipe, stderr=pipe
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    for said in (
        b"every 15 minutes",
        b"seldom is paused",
        b"seldom is active",
        b" of echo: ",
        b"deleted",
    ):
        assert said in out
    runs = (await server.get("/api/v1/runs")).json()["items"]
    assert [run["workflow"] for run in runs] == ["echo"]


async def test_a_schedule_is_shown_with_times_of_its_zone(
    asked: RemoteClient, told: Callable[[], str]
) -> None:
    await make(
        asked, start="2030-03-29T00:00", end="2030-04-02T12:00", missed="all", missed_limit=5,
        overlap="queue", priority=3, label=["team=ops"], version="1",
    )  # fmt: skip
    lines = dict(line.split(maxsplit=1) for line in told().splitlines() if not line.startswith(" "))
    assert lines["state"].strip() == "active"
    assert lines["workflow"].strip() == "echo, version 1"
    assert lines["input"].strip() == '{"text": "hello"}'
    assert lines["from"].strip() == "Fri 2030-03-29 00:00 CET"
    assert lines["until"].strip() == "Tue 2030-04-02 12:00 CEST"
    assert lines["missed"].strip() == "all, at most 5"
    assert lines["labels"].strip() == "team=ops"
    assert lines["next"].strip() == "Fri 2030-03-29 07:30 CET"
    await scheduling.following(asked, "nightly", 2, as_json=False)
    assert told().splitlines() == [
        "Fri 2030-03-29 07:30 CET  (2030-03-29T06:30:00Z)",
        "Mon 2030-04-01 07:30 CEST  (2030-04-01T05:30:00Z)",
    ]
    await scheduling.following(asked, "nightly", 1, as_json=True)
    assert json.loads(told()) == ["2030-03-29T06:30:00Z"]


async def test_schedules_are_listed_with_their_state(
    asked: RemoteClient, told: Callable[[], str], conninfo: str
) -> None:
    await scheduling.show_all(asked, {}, as_json=False)
    assert "No schedules yet" in told()
    for name in ("fine", "resting", "broken", "over"):
        await make(asked, name, every="90s")
    await scheduling.turn(asked, "resting", "pause", as_json=False)
    assert "resting is paused\n" in told()
    rows(conninfo, "update schedules set failure = 'no [luck]', failing_since = now() where name = 'broken'")
    rows(conninfo, "update schedules set next_at = null where name = 'over'")
    await scheduling.show_all(asked, {"workflow": None}, as_json=False)
    states = {line.split()[0]: line.split()[-1] for line in told().splitlines()[1:]}
    assert states == {"over": "ended", "broken": "failing", "resting": "paused", "fine": "active"}
    await scheduling.show(asked, "broken", as_json=False)
    assert "no [luck]" in told()
    await scheduling.show_all(asked, {"failing": True}, as_json=True)
    assert [item["name"] for item in json.loads(told())] == ["broken"]
    await scheduling.following(asked, "resting", 3, as_json=False)
    assert told() == "resting is paused: it fires no more by itself.\n"


async def test_a_schedule_is_found_by_its_id_edited_and_resumed(
    asked: RemoteClient, told: Callable[[], str]
) -> None:
    await make(asked, end="2040-01-01T00:00", as_json=True)
    made = json.loads(told())
    await scheduling.edit(
        asked,
        made["id"],
        {"name": "daily"},
        Said(every="1d", end="none", start="2031-01-01T00:00Z"),
        as_json=True,
    )
    edited = json.loads(told())
    assert (edited["name"], edited["rhythm"], edited["end_at"]) == ("daily", "every day", None)
    assert (edited["edition"], edited["next_at"]) == (2, "2031-01-01T00:00:00Z")
    await scheduling.turn(asked, "daily", "pause", as_json=True)
    assert json.loads(told())["paused"]
    await scheduling.turn(asked, "daily", "resume", as_json=False)
    assert told() == "daily is active; next: Wed 2031-01-01 01:00 CET\n"


async def test_a_trigger_with_the_same_key_shows_the_same_run(
    asked: RemoteClient, told: Callable[[], str]
) -> None:
    await make(asked)
    told()
    for _ in range(2):
        await scheduling.trigger(asked, "nightly", "monday", as_json=False)
    first, follow, second, _ = told().splitlines()
    assert first.split()[1] == second.split()[1]
    assert follow == f"follow it: pilothouse watch {first.split()[1][-8:]}"


async def test_what_cannot_be_meant_is_refused(asked: RemoteClient) -> None:
    await make(asked)
    for said, reason in (
        (Said(every="1y"), "no length"),
        (Said(start="tomorrow"), "no time"),
        (Said(version="new"), "no number"),
        (Said(zone="Nowhere"), "no time zone"),
        (Said(label=["x"]), "no label"),
        (Said(), "Nothing is to be changed"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            await scheduling.edit(asked, "nightly", {}, said, as_json=False)
    with pytest.raises(NotFound, match="no schedule 'nothing'"):
        await scheduling.delete(asked, "nothing")


def test_lengths_are_read_as_people_write_them() -> None:
    lengths = ("90", "90s", "15m", "2 h", "1d")
    assert [seconds(length) for length in lengths] == [90, 90, 900, 7_200, 86_400]
