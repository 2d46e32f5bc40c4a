"""Reports: summed by whatever is wanted, each tenant's own, quick with a million rows."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.using import RemoteUsage, asked
from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.connection import Lane
from pilothouse.usage.recording import UsageWriter
from pilothouse.usage.repository import UsageRepository
from pilothouse.usage.schemas import By, Call, CallQuery, Tokens, UsageQuery
from pilothouse.usage.service import UsageBook
from support.calling import AT, call
from support.waiting import rows

PATH = "/api/v1/usage"
MAY = {"since": "2026-05-01T00:00:00Z", "until": "2026-06-01T00:00:00Z"}
HOUR = dt.timedelta(hours=1)


async def fill(conninfo: str, *calls: Call) -> None:
    lane = Lane(conninfo, {"jit": "off"}, purpose="accounts")
    writer = UsageWriter(lane)
    for one in calls:
        writer.add(one)
    await writer.close()
    await lane.close()


CALLS = (
    call(prompt="triage", prompt_version="1", valid=True, repairs=1, latency_ms=100),
    call(prompt="triage", prompt_version="1", valid=False, at=AT + HOUR, latency_ms=100),
    call(prompt="triage", prompt_version="2", valid=True, model="gpt-6", cost=Decimal(2), latency_ms=1_000),
    call(outcome="timeout", cost=Decimal(0), tokens=Tokens(), latency_ms=30_000, agent="=1+1"),
    call(cached=True, cost=Decimal(0), tokens=Tokens(10, 5, 4, 3), source="run", latency_ms=1),
    call(tenant_id="acme", cost=Decimal(99)),
    call(at=AT - dt.timedelta(days=40), cost=Decimal(77)),
)


@pytest.fixture
async def filled(conninfo: str) -> str:
    await fill(conninfo, *CALLS)
    return conninfo


async def test_calls_are_summed_by_what_is_wanted(client: httpx.AsyncClient, filled: str) -> None:
    told = (await client.get(PATH, params=MAY)).json()
    assert [group["key"] for group in told["items"]] == [{"model": "gpt-6"}, {"model": "gpt-5.2"}]
    assert (told["total"]["calls"], told["total"]["cost"], told["more"]) == (5, "2.006", False)
    assert told["items"][1] == {
        "key": {"model": "gpt-5.2"}, "calls": 4, "errors": 1, "cached": 1, "valid": 1, "invalid": 1,
        "repairs": 1, "input_tokens": 2_010, "output_tokens": 205, "cache_read": 4, "cache_write": 3,
        "cost": "0.006", "latency_p50_ms": pytest.approx(100, rel=0.03),
        "latency_p95_ms": pytest.approx(30_000, rel=0.03),
    }  # fmt: skip
    hours = (await client.get(PATH, params=MAY | {"by": ["hour", "source"]})).json()["items"]
    assert [(group["key"]["hour"], group["key"]["source"]) for group in hours] == [
        ("2026-05-04T12:00:00Z", "gateway"),
        ("2026-05-04T12:00:00Z", "run"),
        ("2026-05-04T13:00:00Z", "gateway"),
    ]
    some = (
        await client.get(PATH, params=MAY | {"prompt": "triage", "by": "prompt_version", "limit": 1})
    ).json()
    assert ([group["key"] for group in some["items"]], some["more"]) == ([{"prompt_version": "2"}], True)
    assert some["total"]["calls"] == 3
    assert (await client.get(PATH, params=MAY | {"model": "none"})).json()["total"]["latency_p50_ms"] is None


async def test_calls_are_listed_page_by_page(client: httpx.AsyncClient, filled: str) -> None:
    first = (await client.get(f"{PATH}/calls", params=MAY | {"limit": 3})).json()
    rest = (
        await client.get(f"{PATH}/calls", params=MAY | {"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    found = [one["id"] for one in (*first["items"], *rest["items"])]
    assert (len(set(found)), found, rest["next_cursor"]) == (5, sorted(found, reverse=True), None)
    failed = (await client.get(f"{PATH}/calls", params=MAY | {"outcome": "timeout"})).json()["items"]
    assert [(one["agent"], one["cost"]) for one in failed] == [("=1+1", "0")]


@pytest.mark.parametrize(
    "said",
    [
        {"by": "moon"}, {"by": ["model", "agent", "arm", "day"]}, {"since": "yesterday"}, {"limit": 0},
        {"x": 1}, {"run_id": "7"}, {"source": "moon"},
        {"since": "2026-06-01T00:00:00Z", "until": "2026-05-01T00:00:00Z"},
    ],
)  # fmt: skip
async def test_a_report_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, said: dict[str, Any]
) -> None:
    answer = await client.get(PATH, params=said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def test_each_version_of_a_prompt_has_its_sums(filled: str) -> None:
    database = Database(filled)
    scope = Scope("default", "local")
    async with database.session(scope) as session:
        found = await UsageBook(UsageRepository(session, scope), SystemClock()).of_prompt("triage", AT)
    await database.close()
    assert {version: (sums.calls, sums.valid, sums.cost) for version, sums in found.items()} == {
        "1": (2, 1, Decimal("0.006")),
        "2": (1, 1, Decimal(2)),
    }


@pytest.fixture
def here(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command on the test's database, with nothing else running."""
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)

    def command(*words: str) -> str:
        done = CliRunner().invoke(cli, ["usage", "--since", "2026-05-01T00:00Z", *words])
        if done.exception is not None:
            raise done.exception
        return done.output

    return command


def test_the_command_shows_tables_json_and_csv(conninfo: str, here: Callable[..., str]) -> None:
    asyncio.run(fill(conninfo, *CALLS))
    shown = here("--by", "model", "--by", "source")
    assert ("gpt-6" in shown, "2.0000" in shown, "█" * 20 in shown, "total" in shown) == (True,) * 4
    assert json.loads(here("--json"))["total"]["calls"] == 5
    lines = list(csv.DictReader(io.StringIO(here("--by", "agent", "--csv"))))
    assert [line["agent"] for line in lines] == ["", "'=1+1"]
    listed = list(csv.DictReader(io.StringIO(here("--calls", "--where", "model=gpt-6", "--csv"))))
    assert [(line["prompt_version"], line["cost"]) for line in listed] == [("2", "2")]
    assert "openai:gpt-6" in here("--calls")
    assert "No calls to models" in here("--where", "agent=nobody")
    assert "first 1 groups" in here("--limit", "1")
    with pytest.raises(InvalidInput, match="says nothing of a call"):
        here("--where", "colour=red")


async def test_the_command_asks_a_server(client: httpx.AsyncClient, filled: str) -> None:
    using = RemoteUsage(RemoteClient(client))
    given = asked("2026-05-01T00:00Z", None, ["provider=openai"])
    report = await using.report(UsageQuery.model_validate(given | {"by": [By.DAY]}))
    assert [group.key for group in report.items] == [{"day": "2026-05-04T00:00:00Z"}]
    assert len((await using.calls(CallQuery.model_validate(given))).items) == 5


MANY = """
insert into usage
select gen_random_uuid(), 'default', %s - number * interval '25 s', 'gateway', 'openai',
       'gpt-' || number %% 7, 'key:' || number %% 50, 900, 100, 0, 0, 1000000, 200, 200 + number %% 60, 'ok',
       number %% 2 = 0, 0, false,
       number %% 9 = 0, null, '', 'support', 'triage', 'p', 'v' || number %% 4, '', ''
  from generate_series(1, 100000) as number
"""


@pytest.mark.timed
async def test_a_report_of_many_calls_takes_little_more_than_looking_at_each(conninfo: str) -> None:
    """A million take 0.3 s (decision 47) and 20 s to insert; here a tenth is compared to counting it."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(MANY, (AT,))
        connection.execute("vacuum analyze usage")
    database, scope = Database(conninfo), Scope("default", "local")
    times, counting = [], []
    for _ in range(8):
        async with database.session(scope) as session:
            began = time.perf_counter()
            query = UsageQuery(since=AT - dt.timedelta(days=30), until=AT)
            report = await UsageBook(UsageRepository(session, scope), SystemClock()).report(query)
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        rows(conninfo, "select count(*) from usage where latency_ms > 0")
        counting.append(time.perf_counter() - began)
    await database.close()
    assert (report.total.calls, len(report.items)) == (100_000, 7)
    assert min(times) < 20 * min(counting), (times, counting)
