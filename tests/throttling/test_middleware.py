from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection

from pilothouse import App
from pilothouse.errors import Unauthenticated
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.policies.permissions import OPERATIONS, PUBLIC
from pilothouse.protocols.http import shedding
from pilothouse.protocols.http.authentication import Authentication
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.translation import translate_errors
from pilothouse.settings import Settings
from pilothouse.throttling.local import LocalBuckets
from pilothouse.throttling.middleware import CountFailures, Throttling
from pilothouse.throttling.opening import open_throttle, rates_of
from pilothouse.throttling.operations import COSTLY, UNCOUNTED, OperationNames
from pilothouse.throttling.service import Throttle

ONE = "00000000-0000-0000-0000-000000000001"
Open = Callable[..., httpx.AsyncClient]


class Names:
    """Believes whoever names a principal; `wrong` is a credential that is not valid."""

    async def authenticate(self, request: HTTPConnection) -> Scope | None:
        said = request.headers.get("authorization")
        if said == "wrong":
            raise Unauthenticated
        return Scope(request.headers.get("tenant", "default"), said) if said else None


@pytest.fixture
async def serve() -> AsyncIterator[Open]:
    opened: list[httpx.AsyncClient] = []

    def make(throttle: Throttle, address: str = "192.0.2.1") -> httpx.AsyncClient:
        api = FastAPI(
            middleware=[
                Middleware(RequestContext, ids=Ids()),
                Middleware(CountFailures, throttle=throttle),
                Middleware(Authentication, authenticator=Names(), is_public=lambda _: True),
                Middleware(Throttling, throttle=throttle, name_of=OperationNames()),
            ]
        )
        translate_errors(api)

        @api.get("/health/live")
        async def live() -> str:
            return "alive"

        @api.get("/api/v1/things/{thing_id}", dependencies=[Depends(request_scope)])
        async def show_thing(thing_id: str) -> str:
            return thing_id

        @api.post("/api/v1/auth/sign-in")
        async def sign_in() -> str:
            raise Unauthenticated

        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(api, client=(address, 1)), base_url="http://localhost"
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


def throttle_of(**said: object) -> Throttle:
    return open_throttle(Settings(_env_file=None, **said), SystemClock())


async def statuses(ask: Callable[[], Awaitable[httpx.Response]], times: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for _ in range(times):
        status = (await ask()).status_code
        found[status] = found.get(status, 0) + 1
    return found


async def test_without_a_credential_an_address_has_thirty_and_then_429(serve: Open) -> None:
    client = serve(throttle_of())
    assert await statuses(lambda: client.get("/api/v1/things/1"), 40) == {401: 30, 429: 10}
    answer = await client.get("/api/v1/things/1")
    assert answer.json()["code"] == "too_many_requests"
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    assert answer.headers["ratelimit-remaining"] == "0"


async def test_wrong_credentials_count_against_the_address(serve: Open) -> None:
    client = serve(throttle_of())
    wrong = {"authorization": "wrong"}
    found = await statuses(lambda: client.get("/api/v1/things/1", headers=wrong), 40)
    assert found == {401: 30, 429: 10}


async def test_a_person_behind_the_address_of_a_guesser_is_still_served(serve: Open) -> None:
    client = serve(throttle_of())
    await statuses(lambda: client.get("/api/v1/things/1", headers={"authorization": "wrong"}), 40)
    answer = await client.get("/api/v1/things/1", headers={"authorization": f"person:{ONE}"})
    assert answer.status_code == 200


async def test_a_person_has_the_burst_and_every_response_says_what_is_left(serve: Open) -> None:
    client = serve(throttle_of())
    who = {"authorization": f"person:{ONE}"}
    first = await client.get("/api/v1/things/1", headers=who)
    assert first.headers["ratelimit-limit"] == "150"
    assert first.headers["ratelimit-remaining"] == "149"
    missing = await client.get("/nothing", headers=who)
    assert (missing.status_code, missing.headers["ratelimit-remaining"]) == (404, "148")
    found = await statuses(lambda: client.get("/api/v1/things/1", headers=who), 160)
    assert 148 <= found[200] <= 151


async def test_the_hour_counts_too(serve: Open) -> None:
    client = serve(throttle_of(limit_user=0, limit_user_hour=5))
    who = {"authorization": f"person:{ONE}"}
    assert await statuses(lambda: client.get("/api/v1/things/1", headers=who), 7) == {200: 5, 429: 2}


async def test_a_key_has_its_own_rate_or_that_of_the_installation(serve: Open) -> None:
    own = {"key:own": 4}
    throttle = Throttle(
        rates_of(Settings(_env_file=None, limit_key=10)),
        LocalBuckets(SystemClock()),
        key_rate=lambda scope: own.get(scope.principal),
    )
    client = serve(throttle)
    for name, allowed in (("key:own", 6), ("key:other", 15)):
        found = await statuses(
            lambda name=name: client.get("/api/v1/things/1", headers={"authorization": name}), 20
        )
        assert found == {200: allowed, 429: 20 - allowed}


async def test_a_tenant_has_a_rate_that_another_does_not_use_up(serve: Open) -> None:
    client = serve(throttle_of(limit_tenant=10, limit_key=0))
    asked = {"authorization": "key:1", "tenant": "acme"}
    assert (await statuses(lambda: client.get("/api/v1/things/1", headers=asked), 20))[200] == 15
    other = await client.get("/api/v1/things/1", headers=asked | {"tenant": "umbrella"})
    assert other.status_code == 200


async def test_signing_in_is_costly_and_blocked_for_five_minutes(serve: Open) -> None:
    client = serve(throttle_of())
    assert await statuses(lambda: client.post("/api/v1/auth/sign-in"), 12) == {401: 10, 429: 2}
    assert (await client.post("/api/v1/auth/sign-in")).headers["retry-after"] == "300"


async def test_neither_probes_nor_whoever_is_at_this_machine_are_counted(serve: Open) -> None:
    client = serve(throttle_of())
    assert await statuses(lambda: client.get("/health/live"), 200) == {200: 200}
    who = {"authorization": "local"}
    assert await statuses(lambda: client.get("/api/v1/things/1", headers=who), 300) == {200: 300}


async def test_zero_is_unlimited(serve: Open) -> None:
    client = serve(throttle_of(limit_address=0))
    assert await statuses(lambda: client.get("/api/v1/things/1"), 100) == {401: 100}


def test_every_operation_that_is_named_exists() -> None:
    known = set(OPERATIONS) | PUBLIC
    assert known >= COSTLY | UNCOUNTED
    assert known >= shedding.LAST | shedding.SUBMITS | shedding.DISPENSABLE


async def test_operations_are_named_by_the_routes_of_the_server(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    api = (await open_api(sample_app))._transport.app
    name_of = OperationNames()

    def named(method: str, path: str) -> str:
        return name_of({"type": "http", "app": api, "method": method, "path": path})

    assert named("GET", "/api/v1/runs") == "list_runs"
    assert named("POST", "/api/v1/runs") == "submit_run"
    assert named("POST", "/api/v1/runs/cancel") == "cancel_runs"
    assert named("GET", f"/api/v1/runs/{ONE}") == "show_run"
    assert named("POST", "/api/v1/uploads") == "create_upload"
    assert named("POST", "/api/v1/auth/sign-in") == "sign_in"
    assert named("GET", "/health/live") == "live"
    assert named("GET", "/nothing/at/all") == ""
