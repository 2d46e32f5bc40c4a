"""`pilothouse retention` and `db migrate`: on this machine's database and on a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest
from typer.testing import CliRunner

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.cli import migrating, opening, retaining, retention
from pilothouse.cli.remote import RemoteClient
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.retention.removing import Pace, Remover, RetentionChore
from pilothouse.retention.schemas import Keep, RuleEdit
from pilothouse.server import database_of
from support.waiting import rows

OLD_RUNS = """
insert into runs (id, workflow, version, pin, status, seq, finished_at)
select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'echo', 1, 'echo@1', 'completed', 4,
       now() - interval '9 days' from generate_series(1, 450) as n
"""
Open = Callable[..., Awaitable[Pilothouse]]


@pytest.fixture
async def local(
    here: opening.Options,
) -> AsyncIterator[retaining.Retaining]:
    async with retaining.opened(here) as found:
        yield found


async def test_here_rules_are_applied_to_their_end_with_progress(
    local: retaining.Retaining, conninfo: str
) -> None:
    rows(conninfo, OLD_RUNS)
    rule = await local.put("echo", RuleEdit(days=7))
    assert (rule.workflow, rule.keep) == ("echo", Keep.NOTHING)
    assert [item.runs for item in await local.estimates()] == [450]
    assert [count async for count in local.apply() if count] == [200, 200, 50]
    assert [(item.runs, item.entries) for item in await local.rules()] == [(450, 1_800)]
    await local.remove("echo")
    assert list(await local.rules()) == []


async def test_a_server_s_workers_apply_them_while_the_client_watches(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    open_pilothouse: Open,
    sample_app: App,
    conninfo: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retaining, "LOOK_EVERY", 0.01)
    pilothouse = await open_pilothouse(sample_app)
    database = database_of(pilothouse)
    pace = Pace(share=1.0, idle=timedelta(milliseconds=1))
    chore = RetentionChore(Remover(database, conninfo, pilothouse.artifacts, pace))
    remote = retaining._Remote(RemoteClient(await open_api(sample_app, execute=False)))
    rows(conninfo, OLD_RUNS)
    await remote.put("echo", RuleEdit(days=7))
    assert [item.runs for item in await remote.estimates()] == [450]
    removed = 0
    async for count in remote.apply():
        removed += count
        await chore.tend(pilothouse.engine._services.clock.now())
    assert removed == 450
    await remote.remove("echo")
    assert list(await remote.rules()) == []
    await database.close()


def shown(retained: object, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    @asynccontextmanager
    async def opened(_: object) -> AsyncIterator[object]:
        yield retained

    monkeypatch.setattr(retaining, "opened", opened)
    common = {"data": None, "server": None, "apps": (), "verbose": False}
    done = CliRunner().invoke(retention.cli, arguments, obj=common)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_commands_print_tables_and_documents(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wired(retaining._Local):
        """As the local one, with a pool for each call: each command has an event loop of its own."""

        def __init__(self) -> None:
            self._scope = local_scope()
            self._clock = retaining.SystemClock()

        @asynccontextmanager
        async def _service(self) -> AsyncIterator[object]:
            database = Database(conninfo, connections=2)
            self._here = SimpleNamespace(database=database)
            async with super()._service() as service:
                yield service
            await database.close()

        async def apply(self) -> AsyncIterator[int]:
            for count in (3, 4):
                yield count

    wired = Wired()
    assert "kept for ever" in shown(wired, "list", monkeypatch=monkeypatch)
    assert "nothing would be removed" in shown(wired, "run", "--dry-run", monkeypatch=monkeypatch)
    rows(conninfo, OLD_RUNS)
    said = shown(wired, "set", "*", "--days", "7", "--keep", "run", monkeypatch=monkeypatch)
    assert said == "workflows without a rule: whole for 7 days, then run\n"
    table = shown(wired, "list", monkeypatch=monkeypatch)
    assert "then keeps" in table
    assert json.loads(shown(wired, "list", "--json", monkeypatch=monkeypatch))[0]["days"] == 7
    assert "1,800" in shown(wired, "run", "--dry-run", monkeypatch=monkeypatch)
    estimated = json.loads(shown(wired, "run", "--dry-run", "--json", monkeypatch=monkeypatch))
    assert estimated[0]["runs"] == 450
    assert "7 of about 450 runs removed" in shown(wired, "run", monkeypatch=monkeypatch)
    applied = json.loads(shown(wired, "run", "--json", monkeypatch=monkeypatch))
    assert applied == {"expected": 450, "removed": 7}
    assert "no rule any more" in shown(wired, "remove", "*", monkeypatch=monkeypatch)


def test_the_schema_is_planned_migrated_and_its_post_steps_made_by_command(
    new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conninfo = new_database(None)

    @contextmanager
    def named(_: object) -> Iterator[str]:
        yield conninfo

    monkeypatch.setattr(migrating, "_conninfo", named)

    def migrate(**said: bool) -> str:
        migrating.migrate({}, **{"plan": False, "with_post": False, "force": False, "as_json": False} | said)
        return capsys.readouterr().out

    plan = json.loads(migrate(plan=True, as_json=True))
    assert (plan["revision"], plan["migrations"][0]) == (None, "0001 engine")
    assert "to migrate: 0007 journal" in migrate(plan=True)
    first = migrate()
    assert first.startswith("schema none -> ")
    assert "post steps wait" in first
    rest = migrate(plan=True)
    assert "nothing to migrate" in rest
    assert "post step: drop_runs_due drops the index" in rest
    assert "post: drops the index runs_due" in migrate(with_post=True)
    assert json.loads(migrate(with_post=True, as_json=True))["post"] == []
    assert "post step" not in migrate(plan=True)
