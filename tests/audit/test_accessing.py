"""Whoever sees payloads, files, people or exports stands in the audit log, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.audit.accessing import AGAIN, OPERATIONS, Access, AccessLog
from pilothouse.audit.schemas import Kind
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from support.acting import acting, believing

OPENAPI = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
WITHOUT_PAYLOADS = {
    # what is installed, how it is set, and how it stands
    *("list_agents", "list_workflows", "show_workflow", "list_workers", "list_limits", "list_attestations"),
    "list_templates",
    *("list_breakers", "show_breaker"),
    *("list_flags", "list_kills", "list_degradations", "list_retention_rules", "estimate_retention"),
    "list_models",
    *("show_policy_schema", "list_policy_versions", "show_policy_version", "show_policy_state"),
    *("list_policy_changes", "list_budgets", "show_budget", "list_budget_alerts", "show_budget_forecast"),
    *("show_budget_usage", "live", "ready", "detail", "show_signing_keys", "show_audit_key"),
    *("list_experiments", "show_experiment", "list_version_feedback"),
    "show_model_cache",
    # lists and descriptions of things without what is in them
    *(
        "list_runs",
        "show_statistics",
        "show_histogram",
        "show_trace",
        "list_artifacts",
        "show_artifact",
        "list_uploads",
    ),
    *("list_prompts", "show_prompt", "list_prompt_versions", "show_prompt_label", "list_prompt_moves"),
    # what the tenant's own authors wrote, as its policies
    *("show_prompt_version", "diff_prompt"),
    *("show_upload", "list_schedules", "list_schedule_runs", "list_decisions", "list_keys", "show_key"),
    *("list_engagements", "show_engagement", "list_tenants", "show_tenant", "show_own_tenant"),
    *("list_tenant_jobs", "show_tenant_job", "report_usage", "list_calls"),
    # one's own
    *("show_me", "show_session", "list_own_sessions"),
    "list_roles",  # the rules of the product
    *("show_chat_session", "list_conversations", "show_conversation", "follow_conversation"),
    # addresses are shown masked, and what became of messages without their texts
    *("list_targets", "show_target", "list_deliveries", "show_guards"),
    "show_restored_run",  # records what was restored by itself, in the same transaction
    # the audit log itself: an export of it is recorded where it begins
    *("list_audit_entries", "show_audit_entry", "prove_audit_entry", "prove_audit_consistency"),
    *("list_audit_heads", "show_audit_retention", "export_audit"),
}

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]


def accesses(conninfo: str, tenant: str = "default") -> list[tuple[str, str, str, dict[str, Any]]]:
    """What was recorded of accesses, in order: kind, actor, subject and details."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select kind, actor, subject, leaf from (select id, tenant_id, kind, actor, subject, leaf"
            " from audit_inbox union all select id, tenant_id, kind, actor, subject, leaf from audit_entries)"
            " as entry where kind in ('access', 'export') and tenant_id = %s order by id",
            (tenant,),
        ).fetchall()
    return [(kind, actor, subject, json.loads(leaf)["details"]) for kind, actor, subject, leaf in rows]


async def test_each_operation_that_reads_gives_access_or_shows_no_payload() -> None:
    """Whoever adds an operation decides which of both it is."""
    operations = {
        operation["operationId"]: (path, method)
        for path, methods in json.loads(OPENAPI.read_text())["paths"].items()
        for method, operation in methods.items()
    }
    reading = {name for name, (_, method) in operations.items() if method == "get"}
    assert reading <= OPERATIONS.keys() | WITHOUT_PAYLOADS
    assert not OPERATIONS.keys() & WITHOUT_PAYLOADS
    assert OPERATIONS.keys() | WITHOUT_PAYLOADS <= operations.keys()
    for name, what in OPERATIONS.items():
        assert re.findall(r"{(\w+)}", what.subject) == re.findall(r"{(\w+)}", operations[name][0])[:1]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Any:
    with believing():
        yield


async def test_reading_a_run_and_its_artifact_is_recorded_with_who_and_by_which_request(
    known: None,
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    submit: Submit,
    reach: Reach,
    conninfo: str,
) -> None:
    client = await open_api(sample_app)
    run = await reach(client, await submit(client, "echo", text="a secret of Anna"), "completed")
    artifact = run["artifacts"][0]["id"]
    who = acting("admin")
    person = json.loads(next(iter(who.values())))["principal"]
    answers = {
        name: await client.get(f"/api/v1{path}", headers=who)
        for name, path in (
            ("list_runs", "/runs"),
            ("show_run", f"/runs/{run['id']}"),
            ("read_journal", f"/runs/{run['id']}/journal"),
            ("list_cards", f"/runs/{run['id']}/cards"),
            ("follow_run", f"/runs/{run['id']}/events"),
            ("list_questions", "/questions"),
            ("show_artifact", f"/artifacts/{artifact}"),
            ("read_content", f"/artifacts/{artifact}/content"),
            ("list_people", "/users"),
        )
    }
    assert {answer.status_code for answer in answers.values()} == {200}
    found = [each for each in accesses(conninfo) if each[1] == person]
    expected = [
        *(("show_run", f"run/{run['id']}"), ("read_journal", f"run/{run['id']}")),
        *(("list_cards", f"run/{run['id']}"), ("follow_run", f"run/{run['id']}")),
        *(("list_questions", "questions"), ("read_content", f"artifact/{artifact}")),
        ("list_people", "people"),
    ]
    assert [(details["did"], subject) for _, _, subject, details in found] == expected
    for kind, _, _, details in found:
        assert kind == Kind.ACCESS
        assert details == {
            "did": details["did"],
            "request_id": answers[details["did"]].headers["x-request-id"],
        }


async def test_what_shows_nothing_is_no_access(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, conninfo: str
) -> None:
    run = await reach(client, await submit(client, "echo"), "completed")
    content = f"/api/v1/artifacts/{run['artifacts'][0]['id']}/content"
    first = await client.get(content)
    before = accesses(conninfo)
    assert before[-1][3]["did"] == "read_content"
    unknown = "01900000-0000-7000-8000-000000000000"
    statuses = [
        (await client.head(content)).status_code,
        (await client.get(content, headers={"if-none-match": first.headers["etag"]})).status_code,
        (await client.get(f"/api/v1/artifacts/{unknown}/content")).status_code,
        (await client.get(f"/api/v1/runs/{unknown}")).status_code,
        (await client.get(f"/api/v1/runs/{run['id']}")).status_code,  # as a moment ago
    ]
    assert statuses == [200, 304, 404, 404, 200]
    assert accesses(conninfo) == before


async def test_the_parts_of_one_content_are_one_access_and_whole_reads_one_each(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, conninfo: str
) -> None:
    run = await reach(client, await submit(client, "echo"), "completed")
    content = f"/api/v1/artifacts/{run['artifacts'][0]['id']}/content"
    for part in ("bytes=0-1", "bytes=2-3", None, None):
        answer = await client.get(content, headers={} if part is None else {"range": part})
        assert answer.status_code == (200 if part is None else 206)
    assert [details["did"] for *_, details in accesses(conninfo)].count("read_content") == 3


async def test_what_cannot_be_recorded_is_not_shown(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, conninfo: str
) -> None:
    run = await reach(client, await submit(client, "echo", text="unseen"), "completed")
    content = f"/api/v1/artifacts/{run['artifacts'][0]['id']}/content"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("alter table audit_inbox add constraint shut check (kind <> 'access') not valid")
        try:
            for path in (content, f"/api/v1/runs/{run['id']}/journal", f"/api/v1/runs/{run['id']}/events"):
                answer = await client.get(path)
                assert answer.status_code == 500
                assert "unseen" not in answer.text.lower()
        finally:
            connection.execute("alter table audit_inbox drop constraint shut")


def access(subject: str = "run/1", tenant: str = "default", principal: str = "local") -> Access:
    return Access(tenant, Scope(tenant, principal), Kind.ACCESS, subject, "show_run", "r1")


async def test_who_polls_is_recorded_once_a_minute_for_each_thing(conninfo: str) -> None:
    database, time = Database(conninfo, connections=2), [0.0]
    log = AccessLog(database, SystemClock(), Ids(), now=lambda: time[0])
    for now in (0.0, 1.0, AGAIN - 0.1, AGAIN, AGAIN + 1):
        time[0] = now
        await log.note(access(), polled=True)
    await log.note(access("run/2"), polled=True)
    await log.note(access(principal="key:7"), polled=True)
    await log.note(access())
    found = [(actor, subject) for _, actor, subject, _ in accesses(conninfo)]
    assert found == [*[("local", "run/1")] * 2, ("local", "run/2"), ("key:7", "run/1"), ("local", "run/1")]
    await log.close()
    await database.close()


async def test_accesses_at_one_time_share_a_transaction_and_keep_to_their_tenants(conninfo: str) -> None:
    database = Database(conninfo, connections=2)
    log = AccessLog(database, SystemClock(), Ids())
    tenants: Sequence[str] = ("default", "acme")
    await log.note(access("first"))
    noted = [log.note(access(f"run/{number}", tenants[number % 2])) for number in range(20)]
    await asyncio.gather(*noted)
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select tenant_id, count(*), count(distinct xmin::text) from audit_inbox group by 1 order by 1"
        ).fetchall()
    assert rows == [("acme", 10, rows[0][2]), ("default", 11, rows[1][2])]
    assert rows[0][2] <= 2
    assert rows[1][2] <= 3
    await log.close()
    await database.close()


async def test_nothing_is_believed_to_be_recorded_where_the_database_is_away() -> None:
    database = Database("host=127.0.0.1 port=1 user=nobody dbname=none", connections=1)
    log = AccessLog(database, SystemClock(), Ids())
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await log.note(access(), polled=True)
    await log.close()
    await database.close()
