"""`pilothouse kill`, `switches`, `flags` and `budgets`: on the database itself, and on a server."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.budgets.schemas import BudgetQuery, BudgetTerms, NewBudget
from pilothouse.cli import governing
from pilothouse.cli.main import cli
from pilothouse.cli.opening import Options
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.switches.schemas import FlagKey, KillName, NewFlag, NewKill

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW + dt.timedelta(minutes=30)),
        ("2h", NOW + dt.timedelta(hours=2)),
        ("1w", NOW + dt.timedelta(days=7)),
        ("2026-12-24T18:00+01:00", dt.datetime(2026, 12, 24, 17, tzinfo=dt.UTC)),
        ("2026-12-24T18:00", dt.datetime(2026, 12, 24, 18, tzinfo=dt.UTC)),
    ],
)
def test_a_time_is_a_duration_or_a_moment(text: str, expected: dt.datetime) -> None:
    assert governing.moment(text, NOW) == expected


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'soon' is no time"):
        governing.moment("soon", NOW)


@pytest.fixture
def here(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command on the test's database, with nothing else running."""
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    runner = CliRunner()

    def command(*words: str, fails: bool = False) -> Any:
        done = runner.invoke(cli, list(words))
        assert (done.exception is not None) == fails, done.output
        return done.exception if fails else json.loads(done.output) if "--json" in words else done.output

    return command


def test_a_tool_is_killed_and_let_go_with_no_server_running(here: Callable[..., Any]) -> None:
    made = here("kill", "tool", "pay", "--why", "paid twice", "--until", "2h", "--json")
    assert (made["tenant"], made["why"]) == ("*", "paid twice")
    assert "tool pay" in here("switches")
    assert here("switches", "--json")["degraded"] == []
    assert "let go: tool pay" in here("unkill", "tool", "pay")
    assert "Nothing is killed." in here("switches")
    assert "until somebody lets it go" in here("kill", "everything", "--why", "x")
    assert "let go: everything" in here("unkill", "everything")
    assert "tenant acme" in here("kill", "tenant", "acme", "--why", "x")
    assert here("unkill", "tenant", "acme", "--json")["tenant"] == "acme"
    assert "workflow w of acme" in here("kill", "workflow", "w", "--tenant", "acme", "--why", "x")
    assert len(here("switches", "--all", "--json")["kills"]) == 4
    assert "This is not valid" in str(here("kill", "tool", "--why", "x", fails=True))
    assert "first rung" in str(here("reinstate", "clerk", fails=True))


def test_flags_are_set_listed_and_removed(here: Callable[..., Any]) -> None:
    assert "No flags" in here("flags", "list")
    assert "new (*): on for 10.0 %" in here("flags", "set", "new", "--on", "--percentage", "10")
    assert "new (acme): off" in here("flags", "set", "new", "--off", "--tenant", "acme")
    assert len(here("flags", "list", "--json")["items"]) == 2
    assert "acme" in here("flags", "list")
    assert "no flag any more" in here("flags", "remove", "new", "--tenant", "acme")


def test_budgets_are_made_shown_changed_and_deleted(here: Callable[..., Any]) -> None:
    said = ("--unit", "money", "--currency", "EUR", "--period", "month", "--hard", "50", "--approval", "boss")
    assert "No budgets" in here("budgets", "list")
    made = here("budgets", "create", "refunds", *said, "--json")
    assert "50.00 EUR" in here("budgets", "list")
    assert here("budgets", "list", "--json") == [made]
    assert "at most 60.00 EUR" in here("budgets", "change", "refunds", "--hard", "60")
    assert "Nothing is spent yet." in here("budgets", "usage", made["id"])
    assert here("budgets", "usage", "refunds", "--json") == {"items": []}
    assert "of 60.00 EUR" in here("budgets", "forecast", "refunds")
    assert here("budgets", "forecast", "refunds", "--json")["basis"] == "rate"
    assert "No alerts." in here("budgets", "alerts")
    assert here("budgets", "alerts", "--json") == {"items": []}
    assert "No budgets" in here("budgets", "list", "--tenant", "acme")
    assert "no budget any more" in here("budgets", "delete", "refunds")
    assert "no budget refunds" in str(here("budgets", "delete", "refunds", fails=True))
    assert "This is not valid" in str(here("budgets", "create", "x", *said[:2], *said[4:], fails=True))


async def test_the_same_is_done_on_a_server(client: httpx.AsyncClient) -> None:
    remote = RemoteClient(client)
    switches, budgets = governing._RemoteSwitches(remote), governing._RemoteBudgets(remote)
    made = await switches.kill(NewKill(kind="tool", name="pay", why="x"))
    assert (await switches.kills()).items == [made]
    assert (await switches.unkill(KillName(kind="tool", name="pay"))).id == made.id
    assert len((await switches.kills(ended=True)).items) == 1
    flag = await switches.put(NewFlag(name="new", enabled=True))
    assert (await switches.flags()).items == [flag]
    assert await switches.remove(FlagKey(name="new")) == flag
    assert (await switches.degradations()).items == []
    one = await budgets.create(NewBudget(name="b", unit="actions", period="month", hard="5"))
    assert (await budgets.page(BudgetQuery())).items == [one]
    assert (await budgets.change(one.id, BudgetTerms(soft="3"))).hard is None
    assert (await budgets.usage(one.id)).items == []
    assert (await budgets.forecast(one.id)).spent == 0
    assert (await budgets.alerts()).items == []
    await budgets.delete(one.id)
    with pytest.raises(PilothouseError, match="first rung"):
        await switches.restore("clerk", "default")


async def test_another_tenant_is_not_named_on_a_server() -> None:
    with pytest.raises(InvalidInput, match="this machine"):
        async with governing.opened(Options(server="http://localhost:1"), "acme"):
            pass
