"""Every operation, by every role, on what is the own tenant's and on what is another's.

The operations are those that the server has, so that a new one is covered by itself; what is expected
follows from the table in `support.roles` and from the permission that the operation names. Whoever asks has
an API key of that role, and the whole way of a request is real.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.errors import SettingsInvalid
from pilothouse.policies.endpoints import insist
from pilothouse.policies.permissions import CUSTOMERS, INSTALLATION, OPERATIONS, PERMISSIONS, PUBLIC
from pilothouse.policies.repository import OWNED
from pilothouse.server import create_api
from support.credentials import keys_of
from support.roles import ALLOWED, HOME_ALLOWED

GUARDED = "This needs the permission"
"""How the guard's own denials begin; a service may have reasons of its own."""

UNLIMITED = dict.fromkeys(
    ("limit_address", "limit_user", "limit_user_hour", "limit_tenant", "limit_key", "limit_costly"), 0
)
ENDLESS = {"follow_runs", "follow_run"}
"""Streams: whoever is let in stays."""

PARTICULAR: dict[str, dict[str, Any]] = {
    "audit_entries": {"kind": "key", "leaf": b'{"details": {}}'},
    "runs": {"status": "completed", "workflow": "echo"},
    "schedules": {"missed": "skip", "overlap": "skip", "cron": "0 0 * * *"},
    "tenant_jobs": {"kind": "export"},
    "notification_targets": {"channel": "apprise"},
    "attestations": {"topic": "on_call"},
    "api_keys": {"roles": "{viewer}"},
    "chat_links": {"digest": partial(token_bytes, 32)},
    "experiments": {"key": "run", "state": "draft", "arms": "[]", "ranges": "[]", "guards": "[]"},
    "budgets": {"scope": "tenant", "unit": "actions", "period": "day", "hard": 1},
}
"""What the columns of a table hold that are not to hold just anything, or what makes it."""

FILLED = {
    "bytea": b"{}",
    "integer": 1,
    "smallint": 0,
    "bigint": 1,
    "jsonb": "{}",
    "boolean": False,
    "double precision": 0.05,
    "timestamp with time zone": "2026-01-01",
    "ARRAY": "{}",
}
NEEDED = """
select column_name, data_type from information_schema.columns
 where table_name = %s and is_nullable = 'NO' and column_default is null and is_identity = 'NO'
"""


@dataclass(frozen=True)
class Operation:
    """One operation: how it is called, and what it needs."""

    name: str
    method: str
    path: str

    @property
    def permission(self) -> str | None:
        return None if self.name in PUBLIC else OPERATIONS[self.name]

    @property
    def owned(self) -> bool:
        """Whether its path names something of a tenant, and roles decide about it."""
        return self.name not in CUSTOMERS and any("{" + name + "}" in self.path for name in OWNED)


def operations(api: FastAPI) -> Iterator[Operation]:
    for route in iter_route_contexts(api.routes):
        for method in sorted(route.methods or ()):
            if (route.name, method) != ("openapi", "HEAD"):
                path = re.sub(r":[a-z]+}", "}", str(route.path))  # as the document has it
                yield Operation(str(route.name), method, path)


def planted(conninfo: str, tenant: str) -> dict[str, str]:
    """A row of `tenant` in each table that paths name, by path parameter."""
    found = {"tenant_id": tenant}
    with psycopg.connect(conninfo) as connection:
        connection.execute("set session_replication_role = replica")  # whatever else would have to be there
        run = str(uuid4())
        for parameter, name in OWNED.items():
            if name is None:
                found.setdefault(parameter, str(uuid4()))
                continue
            id_ = found[parameter] = run if name == "runs" else str(uuid4())
            values: dict[str, Any] = {}
            for column, kind in connection.execute(NEEDED, (name,)).fetchall():
                values[str(column)] = str(uuid4()) if kind in {"uuid", "text"} else FILLED[str(kind)]
            values |= {"id": id_, "tenant_id": tenant} | ({"run_id": run} if "run_id" in values else {})
            particular = PARTICULAR.get(name, {})
            values |= {key: value() if callable(value) else value for key, value in particular.items()}
            columns = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, values))
            marks = psycopg.sql.SQL(", ").join(psycopg.sql.Placeholder() * len(values))
            table = psycopg.sql.Identifier(name)
            statement = psycopg.sql.SQL("insert into {} ({}) values ({})").format(table, columns, marks)
            connection.execute(statement, list(values.values()))
    return found


async def send(
    client: httpx.AsyncClient, operation: Operation, ids: dict[str, str], who: dict[str, str]
) -> Any:
    """The answer to an operation with an empty body; None where it streams for ever."""
    path = operation.path.format_map(
        {
            "name": "echo",
            "workflow": "echo",
            "number": "1",
            "version": "1",
            "label": "mine",
            "address": "runs",
        }
        | ids
    )
    wanted = client.request(
        operation.method, path, json=None if operation.method == "GET" else {}, headers=who
    )
    if operation.name not in ENDLESS:
        return await wanted
    try:
        async with asyncio.timeout(0.2):
            return await wanted
    except TimeoutError:
        return None


def denied(answer: Any) -> int | None:
    """The status with which the guard denies; None where it let through."""
    if answer is None:
        return None
    assert answer.status_code not in {429, 503}, answer.text  # nothing would have been learnt
    if answer.status_code not in {401, 403, 404}:
        return None
    if answer.status_code == 403 and GUARDED not in answer.text:
        return None
    return int(answer.status_code)


@pytest.fixture(autouse=True)
def _believing() -> None:
    """Nothing is believed here: every request has a real credential, or none."""


@pytest.fixture
async def served(
    open_pilothouse: Callable[..., Awaitable[Pilothouse]], sample_app: App, conninfo: str
) -> Any:
    """A client of the API, its operations, and a key of each role in each tenant.

    Reads come first: what is deleted is deleted last.
    """
    pilothouse = await open_pilothouse(sample_app, **UNLIMITED)
    api = create_api(pilothouse, execute=False)
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into tenants (id, name) values ('acme', 'A'), ('globex', 'G')")
    keys = await keys_of(pilothouse, ("default", "acme"), ALLOWED)
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=20) as client,
    ):
        found = sorted(operations(api), key=lambda item: (item.method != "GET", item.method == "DELETE"))
        yield client, found, keys


def may(role: str, operation: Operation, *, home: bool) -> bool:
    found = ALLOWED[role] | (HOME_ALLOWED.get(role, set()) if home else set())
    return operation.permission is None or operation.permission in found


@pytest.mark.parametrize("role", ALLOWED)
async def test_each_role_does_in_its_tenant_what_it_may_and_nothing_else(
    served: Any, conninfo: str, role: str
) -> None:
    client, found, keys = served
    wrong = []
    for tenant in ("acme", "default"):
        ids = planted(conninfo, tenant)
        for operation in found:
            answer = await send(client, operation, ids, keys[tenant, role])
            got = denied(answer)
            expected = None if may(role, operation, home=tenant == "default") else 403
            if operation.name in CUSTOMERS:
                expected = 401  # no role is a customer's cookie
            # Of what it may do, the rest is the service's: 404 may be one, where nothing is behind a row.
            if got != expected and not (expected is None and got == 404 and operation.method != "HEAD"):
                wrong.append((tenant, operation, got, expected, getattr(answer, "text", "")[:200]))
    assert not wrong


@pytest.mark.parametrize("role", ALLOWED)
async def test_what_belongs_to_another_tenant_is_not_there(served: Any, conninfo: str, role: str) -> None:
    client, found, keys = served
    ids, wrong = planted(conninfo, "globex"), []
    for operation in found:
        if not operation.owned:
            continue
        answer = await send(client, operation, ids, keys["acme", role])
        # The body is looked at before the id: an order that makes no sense is refused as such.
        allowed = {404, 400, 409, 412, 428} if may(role, operation, home=False) else {404}
        if answer is None or answer.status_code not in allowed:
            wrong.append((operation, getattr(answer, "status_code", None)))
    assert not wrong


async def test_the_matrix_has_every_operation_of_the_document(served: Any) -> None:
    client, found, keys = served
    document = (await client.get("/api/v1/openapi.json", headers=keys["acme", "viewer"])).json()
    told = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if "operationId" in item[method]
    }
    assert len(told) > 100
    assert told <= {(operation.method, operation.path) for operation in found}


async def test_who_has_not_signed_in_gets_what_is_public_only(served: Any, conninfo: str) -> None:
    client, found, _ = served
    ids = await asyncio.to_thread(planted, conninfo, "default")  # nobody waits for it, which would shed load
    for operation in found:
        answer = await send(client, operation, ids, {})
        needs_one = operation.name not in PUBLIC or operation.name in CUSTOMERS
        assert (answer.status_code == 401) == needs_one, (operation, answer.text)


async def test_an_id_that_is_none_is_told_apart_from_nothing(served: Any) -> None:
    client, _, keys = served
    viewer = keys["acme", "viewer"]
    statuses = [
        (await client.post(f"/api/v1/runs/{id_}/cancel", headers=viewer)).status_code
        for id_ in ("nonsense", str(uuid4()), "-1", "..")
    ]
    assert set(statuses) == {404}


async def test_a_denial_says_what_was_needed_and_why(served: Any) -> None:
    client, _, keys = served
    answer = await client.get("/api/v1/workers", headers=keys["acme", "admin"])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for part in ("installation:read", "Only the home tenant", "admin"):
        assert part in answer.json()["detail"]


def test_an_operation_that_was_forgotten_keeps_the_server_from_starting() -> None:
    async def guard() -> None: ...

    async def list_runs() -> None: ...

    router, api = APIRouter(), FastAPI(openapi_url=None, dependencies=[Depends(guard)])
    router.add_api_route("/runs", list_runs)
    api.include_router(router)
    insist(api, guard)
    router.add_api_route("/new", lambda: None, name="do_something_new")
    with pytest.raises(SettingsInvalid, match="do_something_new"):
        insist(api, guard)


def test_an_id_of_unknown_things_keeps_the_server_from_starting() -> None:
    async def guard() -> None: ...

    api = FastAPI(openapi_url=None, dependencies=[Depends(guard)])
    api.add_api_route("/things/{thing_id}", lambda: None, name="show_run")
    with pytest.raises(SettingsInvalid, match="thing_id"):
        insist(api, guard)


def test_an_endpoint_beside_the_guard_keeps_the_server_from_starting() -> None:
    async def guard() -> None: ...

    api = FastAPI(openapi_url=None)
    api.add_api_route("/runs", lambda: None, name="list_runs")
    with pytest.raises(SettingsInvalid, match="without asking"):
        insist(api, guard)


def test_the_tables_name_each_other() -> None:
    assert INSTALLATION <= PERMISSIONS
    assert set().union(*ALLOWED.values(), *HOME_ALLOWED.values()) == PERMISSIONS
