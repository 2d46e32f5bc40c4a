"""Each id of one tenant, tried by another tenant's admin on every operation that takes an id.

The operations come from the OpenAPI document, so that a new endpoint is covered by itself: an id that nobody
has told how to make, or a body that cannot be made up, fails the test and says what to add.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from psycopg import sql
from websockets.asyncio.client import connect

from pilothouse import App
from pilothouse.policies.permissions import CUSTOMERS
from pilothouse.policies.repository import OWNED
from support.credentials import keys_of
from support.filling import ROWS_OF_TENANTS, filled

API = "/api/v1"

UNLIMITED = dict.fromkeys(
    ("limit_address", "limit_user", "limit_user_hour", "limit_tenant", "limit_key", "limit_costly"), 0
)

NO_IDS = frozenset({"workflow", "name", "kind", "number", "version", "label"})
"""Parameters in paths that name what belongs to no tenant, or is counted in each."""

TABLES: Mapping[str, str] = {"session_id": "sessions"}
"""Tables of ids that are nobody else's to ask for, so that no permission looks them up."""

QUERIES: Mapping[str, str] = {
    "run_id": "run_id",
    "forked_from": "run_id",
    "schedule_id": "schedule_id",
    "engagement_id": "engagement_id",
    "person_id": "person_id",
    "upload_id": "upload_id",
    "target_id": "target_id",
    "key_id": "key_id",
    "experiment_id": "experiment_id",
}
"""Parameters in queries, and members of bodies, that name something of a tenant's: which id each is."""

BODIES: Mapping[str, Any] = {
    "answer_question": {"answer": "Yes"},
    "approve_action": {"digest": "0" * 64},
    "refuse_action": {"digest": "0" * 64},
    "edit_action": {"digest": "0" * 64, "arguments": {}},
    "delegate_action": {"digest": "0" * 64, "to_role": "legal"},
    "fork_run": {"input": {"text": "stolen"}},
    "label_run": {"labels": {"stolen": "yes"}},
    "edit_schedule": {"priority": 9},
    "change_tenant": {"name": "Stolen"},
    "erase_tenant": {"confirm": "acme"},
    "rename_engagement": {"name": "stolen"},
    "set_person_roles": {"roles": ["admin"]},
    "rotate_key": {},
    "rotate_target_secret": {},
    "change_budget": {"hard": "9"},
    "stop_experiment_arm": {"arm": "candidate"},
    "set_experiment_weights": {"weights": {"candidate": "10"}},
}
"""Bodies that operations on something in their path would take, where none can be made up from the schema."""

NAMING: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "submit_run": ("engagement", "engagement_id", {"workflow": "echo", "input": {"text": "x"}}),
    "create_schedule": (
        "engagement",
        "engagement_id",
        {"name": "stolen", "workflow": "echo", "input": {"text": "x"}, "cron": "* * * * *"},
    ),
    "create_key": ("engagement_id", "engagement_id", {"name": "stolen", "roles": ["viewer"]}),
    "cancel_runs": ("filter.forked_from", "run_id", {"filter": {}}),
    "retry_runs": ("filter.forked_from", "run_id", {"filter": {}}),
    "give_feedback": ("run_id", "run_id", {"rating": 1}),
    "move_runs": ("filter.forked_from", "run_id", {"filter": {"workflow": "ask"}, "to": 1}),
}
"""Operations whose body names something of a tenant's: the member, which id it is, the rest of the body."""


TELLING_NOTHING: Mapping[str, str] = {
    "request_recovery": "sends a link to the address it names, and answers the same whatever there is",
    "decide_by_link": "the signed link says of which tenant, and a forged one is unknown",
    "sign_in": "a person says of which tenant; the password decides",
    "issue_token": "as above",
    "explain_action": "what it names is taken as it is: nothing is looked up, and only policies are told of",
}
"""Operations that name a tenant before it is known who comes, each with the reason why that is no leak."""


@dataclass(frozen=True)
class Operation:
    """One operation as the document describes it."""

    name: str
    method: str
    path: str
    parameters: tuple[tuple[str, str, Any], ...]
    body: Any

    def named(self, where: str) -> list[str]:
        """The parameters in a place."""
        return [name for name, place, _ in self.parameters if place == where]


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of the document, and HEAD wherever there is GET."""
    for path, item in document["paths"].items():
        for method, told in item.items():
            if not isinstance(told, dict) or "operationId" not in told:
                continue
            parameters = tuple(
                (part["name"], part["in"], part.get("schema", {})) for part in told.get("parameters", ())
            )
            body = told.get("requestBody", {}).get("content", {})
            yield Operation(told["operationId"], method.upper(), path, parameters, body)
            if method == "get" and "head" not in item:
                yield Operation(told["operationId"], "HEAD", path, parameters, body)


def made_up(document: Mapping[str, Any], content: Any) -> Any:
    """A body that fits a JSON schema, with what is required and no more; None where JSON is not taken."""

    def make(schema: Any) -> Any:
        if "$ref" in schema:
            return make(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return make(schema["anyOf"][0])
        for known in ("const", "default"):
            if known in schema:
                return schema[known]
        if "enum" in schema:
            return schema["enum"][0]
        plain = {
            "integer": schema.get("minimum", 1),
            "number": schema.get("minimum", 1),
            "boolean": True,
            "null": None,
            "string": str(uuid4()) if schema.get("format") == "uuid" else "x" * schema.get("minLength", 1),
        }
        kind = schema.get("type", "object")
        if kind == "array":
            return [make(schema["items"])] * schema.get("minItems", 0)
        if kind != "object":
            return plain[kind]
        return {name: make(schema["properties"][name]) for name in schema.get("required", ())}

    return make(content["application/json"]["schema"]) if "application/json" in content else None


def is_id(schema: Any) -> bool:
    """Whether a schema holds a UUID, also as one of several."""
    options = (schema, *schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else []))
    return any(option.get("format") == "uuid" for option in options)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Closes what a test has opened."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def swept(
    stack: AsyncExitStack,
    conninfo: str,
    open_server: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    reach: Callable[..., Awaitable[dict[str, Any]]],
) -> SimpleNamespace:
    """A server; the ids of what acme has, a row of every table among it; globex, whose admin is the thief."""
    client = await open_server(sample_app, **UNLIMITED)
    for tenant in ("acme", "globex"):
        told = await client.post(f"{API}/tenants", json={"id": tenant, "name": tenant.title()})
        assert told.status_code == 201, told.text
    keys = await keys_of(client.serving.pilothouse, ("acme", "globex"), ("admin",))
    served = SimpleNamespace(client=client, home=client, keys=keys)
    for tenant in ("acme", "globex"):
        made = httpx.AsyncClient(base_url=client.base_url, timeout=20, headers=keys[tenant, "admin"])
        setattr(served, tenant, await stack.enter_async_context(made))
    ids: dict[str, str] = {"tenant_id": "acme"}
    for workflow, status in (("echo", "completed"), ("ask", "waiting")):
        wanted = {"workflow": workflow, "input": {"text": "mine"}}
        run = await served.acme.post(f"{API}/runs", json=wanted)
        shown = await reach(served.acme, run.json()["id"], status)
        ids["run_id"] = shown["id"]
        for member, name in (("artifacts", "artifact_id"), ("questions", "question_id")):
            if shown[member]:
                ids[name] = shown[member][0]["id"]
    engagement = await served.acme.post(f"{API}/engagements", json={"name": "mine"})
    timer = {"name": "mine", "workflow": "echo", "input": {"text": "x"}, "cron": "0 0 1 1 *", "paused": True}
    schedule = await served.acme.post(f"{API}/schedules", json=timer)
    ids |= {"engagement_id": engagement.json()["id"], "schedule_id": schedule.json()["id"]}
    ids["conversation_id"] = ids["run_id"]  # a customer's conversation is a run
    with psycopg.connect(conninfo) as connection:
        for parameter, table in {**OWNED, **TABLES}.items():
            if parameter not in ids and table is not None:
                ids[parameter] = str(uuid4())
                filled(connection, table, "acme", id=ids[parameter])
    document = (await served.home.get(f"{API}/openapi.json")).json()
    served.ids, served.operations, served.document = ids, list(operations(document)), document
    return served


def everything_of(conninfo: str, tenant: str) -> dict[str, list[str]]:
    """Every row that a tenant has, as text, by table."""
    with psycopg.connect(conninfo) as connection:
        names = [name for (name,) in connection.execute(ROWS_OF_TENANTS).fetchall()]
        return {
            name: [
                row[0]
                for row in connection.execute(
                    sql.SQL("select t::text from {} as t where tenant_id = %s order by 1").format(
                        sql.Identifier(name)
                    ),
                    (tenant,),
                ).fetchall()
            ]
            for name in names
        }


def paths(operation: Operation, ids: Mapping[str, str]) -> Iterator[str]:
    """The operation's path with the ids of another tenant; the own tenant's id before them as well."""
    named = [name for name in operation.named("path") if name not in NO_IDS]
    unknown = [name for name in named if name not in ids]
    assert not unknown, (
        f"{operation.name}: how to make {unknown} is not known. Name its table in policies/repository.py "
        "(OWNED) or in TABLES, or the parameter in NO_IDS here."
    )
    if not named:
        return
    texts = dict.fromkeys(operation.named("path"), "echo") | {name: ids[name] for name in named}
    yield operation.path.format(**texts)
    if "tenant_id" in named and len(named) > 1:
        yield operation.path.format(**(texts | {"tenant_id": "globex"}))


async def ask(client: httpx.AsyncClient, method: str, path: str, **said: Any) -> tuple[int, bytes]:
    """The status of an answer, and its body; of a stream its beginning only."""
    async with client.stream(method, path, **said) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, b""
        return answer.status_code, await answer.aread()


async def test_no_id_in_a_path_reaches_what_is_another_tenants(swept: SimpleNamespace, conninfo: str) -> None:
    before, tried = everything_of(conninfo, "acme"), set[str]()
    for operation in swept.operations:
        for path in paths(operation, swept.ids):
            said: dict[str, Any] = {}
            if operation.body and operation.method != "HEAD":
                said["json"] = BODIES.get(operation.name, made_up(swept.document, operation.body))
            status, body = await ask(swept.globex, operation.method, path, **said)
            allowed = {404, 405} if operation.method == "HEAD" else {404}
            if operation.name in CUSTOMERS and operation.method != "HEAD":
                allowed = {401}  # no key opens what only a customer's cookie does
            assert status != 400, f"{operation.name}: say in BODIES what it would take ({body[:300]!r})."
            assert status in allowed, (operation.name, operation.method, path, status, body[:300])
            assert b"mine" not in body, (operation.name, body[:300])
            tried.add(operation.name)
    assert everything_of(conninfo, "acme") == before
    assert {"show_run", "follow_run", "read_content", "answer_question", "download_tenant_export"} <= tried


async def test_the_same_ids_serve_their_own_tenant(swept: SimpleNamespace) -> None:
    """The sweep would prove nothing with ids of nothing."""
    for name in ("run_id", "artifact_id", "question_id", "schedule_id", "engagement_id"):
        shown = next(
            item
            for item in swept.operations
            if item.method == "GET" and item.path.endswith(f"{{{name}}}") and item.named("path") == [name]
        )
        status, _ = await ask(swept.acme, "GET", shown.path.format(**{name: swept.ids[name]}))
        assert status == 200, name


def found_in(told: Mapping[str, Any]) -> list[Any]:
    """What an answer lists; of a histogram, the stretches of time in which there is something."""
    return told["items"] if "items" in told else [item for item in told["buckets"] if item["runs"]]


async def test_no_id_in_a_query_finds_what_is_another_tenants(swept: SimpleNamespace, conninfo: str) -> None:
    before, tried = everything_of(conninfo, "acme"), set[str]()
    for operation in swept.operations:
        if operation.method != "GET" or operation.named("path"):
            continue
        for name, where, schema in operation.parameters:
            if where != "query" or not (is_id(schema) or name in QUERIES):
                continue
            assert name in QUERIES, f"{operation.name}: say in QUERIES whose id {name} is."
            params = {name: swept.ids[QUERIES[name]]}
            status, body = await ask(swept.globex, "GET", operation.path, params=params)
            assert status in {200, 404}, (operation.name, name, status)
            assert status == 404 or found_in(orjson.loads(body)) == [], (operation.name, name, body[:300])
            tried.add(f"{operation.name} {name}")
    for known in ("id_prefix", "id_suffix"):
        part = swept.ids["run_id"][:13] if known == "id_prefix" else swept.ids["run_id"][-12:]
        _, body = await ask(swept.globex, "GET", f"{API}/runs", params={known: part})
        assert orjson.loads(body)["items"] == []
    assert everything_of(conninfo, "acme") == before
    assert {"list_runs schedule_id", "list_runs engagement_id", "list_artifacts run_id"} <= tried


async def test_no_id_in_a_body_reaches_what_is_another_tenants(swept: SimpleNamespace, conninfo: str) -> None:
    before = everything_of(conninfo, "acme")
    there = {item.name: item for item in swept.operations if item.method != "HEAD"}
    for name, operation in there.items():
        members = set(named_in(swept.document, operation.body))
        if operation.named("path") and not members:
            continue
        assert not members or name in NAMING or name in TELLING_NOTHING, (
            f"{name}: say in NAMING which id {sorted(members)} is."
        )
    for name, (member, of, rest) in NAMING.items():
        if name not in there:
            continue
        body = orjson.loads(orjson.dumps(rest))
        inner, *path = body, *member.split(".")
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = swept.ids[of]
        status, told = await ask(swept.globex, there[name].method, there[name].path, json=body)
        done = orjson.loads(told)
        assert status in {400, 404} or done.get("matched") == 0, (name, status, told[:300])
    assert everything_of(conninfo, "acme") == before


def named_in(document: Mapping[str, Any], content: Any) -> Iterator[str]:
    """The members of a JSON body that hold ids: by their format, or by their name."""
    seen: set[str] = set()

    def walk(schema: Any, name: str) -> Iterator[str]:
        if not isinstance(schema, dict):
            return
        if (reference := schema.get("$ref", "")) and reference not in seen:
            seen.add(reference)
            yield from walk(document["components"]["schemas"][reference.rpartition("/")[2]], name)
        if schema.get("format") == "uuid" or re.search(r"(^engagement$|_id$)", name):
            yield name
        for member, inner in schema.get("properties", {}).items():
            yield from walk(inner, member)
        for inner in (*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items")):
            yield from walk(inner, name)

    for media, told in content.items():
        if "json" in media:
            yield from walk(told.get("schema"), "")


async def test_nobody_follows_another_tenants_runs_over_a_websocket(swept: SimpleNamespace) -> None:
    url = f"{str(swept.client.base_url).replace('http', 'ws', 1)}{API}/ws"
    async with connect(url, proxy=None, additional_headers=swept.keys["globex", "admin"]) as socket:
        await socket.send(orjson.dumps({"type": "subscribe", "run_id": swept.ids["run_id"]}).decode())
        refused = orjson.loads(await socket.recv())
        assert (refused["type"], refused["problem"]["status"]) == ("error", 404)
        await socket.send('{"type": "subscribe_tenant"}')
        assert orjson.loads(await socket.recv())["type"] == "subscribed"
        await swept.acme.post(f"{API}/runs", json={"workflow": "ask", "input": {"text": "unheard"}})
        wanted = {"workflow": "ask", "input": {"text": "heard"}}
        heard = (await swept.globex.post(f"{API}/runs", json=wanted)).json()["id"]
        told = orjson.loads(await socket.recv())
        while told["type"] != "entries":
            told = orjson.loads(await socket.recv())
        assert {entry["run_id"] for entry in told["items"]} == {heard}


async def test_equal_bytes_of_two_tenants_are_two_contents(
    swept: SimpleNamespace, reach: Callable[..., Awaitable[dict[str, Any]]], conninfo: str, artifacts: Any
) -> None:
    wanted = {"workflow": "echo", "input": {"text": "mine"}}
    run = (await swept.globex.post(f"{API}/runs", json=wanted)).json()["id"]
    (made,) = (await reach(swept.globex, run, "completed"))["artifacts"]
    theirs = (await swept.acme.get(f"{API}/artifacts/{swept.ids['artifact_id']}")).json()
    assert made["sha256"] == theirs["sha256"]
    every = await swept.globex.get(f"{API}/artifacts/{made['id']}/content")
    assert (every.status_code, every.content) == (200, b"MINE")
    async for _ in artifacts.read("globex", made["sha256"]):
        break
    await artifacts.remove("globex", made["sha256"], _never())
    assert (await swept.globex.get(f"{API}/artifacts/{made['id']}/content")).status_code == 404
    kept = await swept.acme.get(f"{API}/artifacts/{theirs['id']}/content")
    assert (kept.status_code, kept.content) == (200, b"MINE")


def _never() -> Any:
    import datetime as dt

    return dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
