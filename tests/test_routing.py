"""What a domain declares is served below the prefix it is joined with, after what is looked at first."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException, Query, WebSocket
from starlette.routing import WebSocketRoute

from pilothouse.routing import Endpoints


async def asked(api: FastAPI, path: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://api") as client:
        return await client.request(method, path)


def closed() -> None:
    raise HTTPException(418)


def endpoints(**said: Any) -> Endpoints:
    router = Endpoints("/things", tags=["things"], **said)

    @router.get("/{thing_id}")
    def show_thing(thing_id: int, wanted: Annotated[str, Query()] = "all") -> dict[str, Any]:
        """Show a thing."""
        return {"id": thing_id, "wanted": wanted}

    @router.delete("", include_in_schema=False, dependencies=[Depends(closed)])
    def remove_things() -> None:
        """Remove all."""

    @router.websocket("/live")
    async def follow(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("began")
        await websocket.close()

    return router


@pytest.fixture
def api() -> FastAPI:
    made = FastAPI()
    endpoints().join(made, "/v1")
    return made


async def test_endpoints_and_websockets_are_found_below_both_prefixes(api: FastAPI) -> None:
    assert (await asked(api, "/v1/things/7?wanted=x")).json() == {"id": 7, "wanted": "x"}
    assert (await asked(api, "/things/7")).status_code == 404
    sockets = [route.path for route in api.routes if isinstance(route, WebSocketRoute)]
    assert sockets == ["/v1/things/live"]


async def test_what_is_said_of_an_endpoint_is_kept(api: FastAPI) -> None:
    assert (await asked(api, "/v1/things", "DELETE")).status_code == 418
    operations = api.openapi()["paths"]
    assert operations["/v1/things/{thing_id}"]["get"]["tags"] == ["things"]
    assert "/v1/things" not in operations


async def test_what_is_looked_at_first_comes_before_everything_else() -> None:
    made = FastAPI()
    endpoints().join(made, dependencies=[Depends(closed)])
    assert (await asked(made, "/things/7")).status_code == 418


async def test_a_router_that_is_not_described_is_not_in_the_document() -> None:
    made = FastAPI()
    endpoints(include_in_schema=False).join(made)
    assert made.openapi()["paths"] == {}
    assert (await asked(made, "/things/7")).status_code == 200


async def test_the_same_router_joins_two_apis() -> None:
    router = endpoints()
    first, second = FastAPI(), FastAPI()
    router.join(first, "/a")
    router.join(second, "/b")
    assert (await asked(first, "/a/things/1")).status_code == 200
    assert (await asked(second, "/b/things/1")).status_code == 200
