from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from pilothouse import App
from pilothouse.errors import SettingsInvalid
from pilothouse.settings import load

LISTED = "https://console.example.com"
FOREIGN = (
    "null", "https://evil.example", "https://console.example.com.evil.example", "https://evilconsole.example.com",
    "http://console.example.com", "https://console.example.com:8443", "https://CONSOLE.example.com",
    "https://console.example.com/", "https://console.example.com@evil.example", "https://console.example.com%00.evil.example",
    "https://console-example.com", "https://a.console.example.com", "file://", "*", "",
    "https://console.example.com, https://evil.example", "https://xn--consle-jua.example.com",
)  # fmt: skip
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}


@pytest.fixture
async def shared(open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App) -> httpx.AsyncClient:
    return await open_api(sample_app, execute=False, cors_origins=(LISTED,))


async def test_a_listed_origin_may_ask_and_read(shared: httpx.AsyncClient) -> None:
    asked = await shared.options("/api/v1/runs", headers={"origin": LISTED, **PREFLIGHT})
    assert asked.status_code == 204
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert asked.headers["x-api-version"] == "1"
    for answer in (
        asked,
        await shared.get("/api/v1/runs", headers={"origin": LISTED}),
        await shared.get("/api/v1/runs/00000000-0000-0000-0000-000000000000", headers={"origin": LISTED}),
    ):
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]
    assert answer.status_code == 404


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_origin_is_named_however_it_looks(shared: httpx.AsyncClient, origin: str) -> None:
    for answer in (
        await shared.options("/api/v1/runs", headers={"origin": origin, **PREFLIGHT}),
        await shared.get("/api/v1/runs", headers={"origin": origin}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"]


async def test_two_origins_are_nobody(shared: httpx.AsyncClient) -> None:
    answer = await shared.get(
        "/api/v1/runs", headers=[("origin", LISTED), ("origin", "https://evil.example")]
    )
    assert "access-control-allow-origin" not in answer.headers


async def test_nothing_is_listed_unless_somebody_does(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/v1/runs", headers={"origin": LISTED, **PREFLIGHT})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "console.example.com", "https://*.example.com", "https://a.example.com/", "https://A.example.com",
     "https://a.example.com:443", "ftp://a.example.com"],
)  # fmt: skip
def test_what_is_no_origin_cannot_be_listed(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsInvalid, match="no origin"):
        load(cors_origins=(origin,))
