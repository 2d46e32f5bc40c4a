"""A real server that stands behind proxies: who is served, and as whom, over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from support.entrance import House


@pytest.fixture
async def house(conninfo: str, sample_app: Any, tmp_path: Path) -> Any:
    async with House(conninfo, tmp_path, sample_app) as made:
        yield made


async def test_past_the_proxies_nothing_but_probes_is_answered(house: House) -> None:
    with capture_logs() as told:
        server = await house.listen(host="192.0.2.1", trusted_proxies=("192.0.2.9/32",))
    assert "public_url_unset" in {line["event"] for line in told}, "no links will be sent to people"
    pretending = {"x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https", "forwarded": "for=192.0.2.9"}
    for path in ("/api/v1/runs", "/sign-in", "/health/detail", "/api/v1/openapi.json"):
        answer = await server.client.get(path, headers=pretending)
        assert (answer.status_code, answer.json()["code"]) == (421, "direct_request"), path
        assert "trusted_proxies" in answer.json()["detail"]
    assert (await server.client.post("/api/v1/runs", content=b"{" * 100)).status_code == 421
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    upgrade["sec-websocket-key"] = "x3JJHMbDL1EzLkh9GBhXDw=="
    refused = await server.client.get("/api/v1/live", headers=upgrade)
    assert (refused.status_code, json.loads(refused.content)["code"]) == (421, "direct_request")
    async with server.visitor(transport=None) as orchestrator:
        for path in ("/health/live", "/health/ready"):
            assert (await orchestrator.get(path)).status_code == 200


async def test_what_a_proxy_says_of_a_request_holds_for_it(house: House) -> None:
    server = await house.listen(
        host="192.0.2.1", trusted_proxies=("127.0.0.0/8",), public_url="https://pilothouse.example"
    )
    async with server.visitor(transport=None) as visitor:
        said = {"x-forwarded-proto": "https", "x-forwarded-host": "pilothouse.example"}
        answer = await visitor.get("/api/v1/runs", headers=said | {"x-forwarded-for": "192.0.2.66"})
        assert answer.status_code == 401
        assert "strict-transport-security" in answer.headers
        plain = await visitor.get("/api/v1/runs", headers=said | {"x-forwarded-proto": "http"})
        assert "strict-transport-security" not in plain.headers
        other = await visitor.get("/api/v1/runs", headers=said | {"x-forwarded-host": "evil.example"})
        assert other.status_code == 421


async def test_links_to_people_lead_to_the_port_that_was_bound(house: House) -> None:
    server = await house.listen(port=0)
    invited = await server.client.post(
        "/api/v1/users", json={"email": "ada@example.com", "roles": ["viewer"]}
    )
    assert invited.status_code == 201, invited.text
    assert invited.json()["link"].startswith(str(server.client.base_url).rstrip("/") + "/join#")
    far = await house.listen(host="192.0.2.1", trusted_proxies=("127.0.0.0/8",))
    key = await server.key("admin")
    asked = {"email": "bob@example.com", "roles": ["viewer"]}
    async with far.visitor(transport=None, headers={"authorization": f"Bearer {key[1]}"}) as admin:
        refused = await admin.post("/api/v1/users", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "address_unknown")
    assert "PILOTHOUSE_PUBLIC_URL" in refused.json()["detail"]
