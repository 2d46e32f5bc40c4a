"""`pilothouse breakers`: on the database itself, and on a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.cli.breaking import RemoteBreakers
from pilothouse.cli.main import cli
from pilothouse.cli.remote import RemoteClient
from pilothouse.resilience.schemas import Mode, NewOverride
from support.waiting import rows

REPORT = """
insert into breaker_reports (process, name, state, since, reason, calls, failed, slow, in_a_row, succeeded,
                             errors, not_permitted, retries)
values ('box:7', 'model/x', 'open', now(), '5 calls in a row have failed.', 9, 5, 0, 5, 4, 5, 77, 2)
"""


@pytest.fixture
def here(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command on the test's database, with nothing else running."""
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    runner = CliRunner()

    def command(*words: str, fails: bool = False) -> Any:
        done = runner.invoke(cli, ["breakers", *words])
        assert (done.exception is not None) == fails, done.output
        return done.exception if fails else json.loads(done.output) if "--json" in words else done.output

    return command


def test_breakers_are_listed_set_and_let_go_with_no_server_running(
    here: Callable[..., Any], conninfo: str
) -> None:
    assert "No process has called anything lately." in here("list")
    assert "No process has a breaker" in str(here("show", "model/x", fails=True))
    rows(conninfo, REPORT)
    listed = here("list")
    assert "model/x" in listed
    assert "5/9" in listed
    assert "box:7" in here("show", "model/x")
    made = here("open", "model/x", "--why", "INC-7", "--until", "2h", "--json")
    assert (made["state"], made["override"]["reason"]) == ("forced_open", "INC-7")
    assert "disabled by local until it is released: relay" in here("disable", "smtp", "--why", "relay")
    assert "metrics_only" in here("watch-only", "smtp", "--why", "looking")
    assert "nothing is set by hand" in here("release", "smtp")
    assert here("reset", "model/x") == "model/x: begins anew\n"
    assert [item["name"] for item in here("list", "--json")["items"]] == ["model/x"]
    assert "This is not valid" in str(here("open", "a b", "--why", "x", fails=True))


async def test_a_server_is_asked_over_its_api(client: httpx.AsyncClient) -> None:
    asked = RemoteBreakers(RemoteClient(client))
    assert (await asked.all()).items == []
    made = await asked.override("model/x", NewOverride(mode=Mode.DISABLED, reason="relay"))
    assert made == await asked.show("model/x")
    await asked.reset("model/x")
    released = await asked.override("model/x", NewOverride(mode=Mode.NONE, reason="over"))
    assert released.override is None
