from __future__ import annotations

import httpx
import pytest

from pilothouse.protocols.http.negotiation import accepts


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/json", True),
        ("*/*", True),
        ("application/*", True),
        ("text/html, application/xhtml+xml, */*;q=0.8", True),
        ("APPLICATION/JSON;q=0.1", True),
        ("text/html", False),
        ("application/json;q=0", False),
        ("application/json;q=0, */*", False),
        ("*/*, application/*;q=0.0", False),
        ("application/*;q=0, application/json", True),
        ("application/json; q = high", True),
        ("application/jsonx", False),
        (",,", False),
    ],
)
def test_the_closest_range_decides(header: str, expected: bool) -> None:
    assert accepts(header, "application/json") is expected


async def test_a_client_that_accepts_no_json_is_told_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/runs", headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert (await client.get("/api/v1/runs", headers={"accept": "text/html, */*"})).status_code == 200
    assert (await client.get("/api/v1/runs", headers={"accept": ""})).status_code == 200
