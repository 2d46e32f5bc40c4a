# ruff: noqa: E501 - hostile texts are listed as they are
from __future__ import annotations

import io
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from pilothouse import App
from pilothouse.errors import InvalidInput
from pilothouse.protocols.http.errors import HeadTooLarge
from pilothouse.protocols.http.headers import check_headers, check_path, check_query, strict_transport
from pilothouse.telemetry import logs

CLIMBING = (
    "../etc/passwd", "..%2fetc%2fpasswd", "..%2Fetc", "%2e%2e/etc", "%2e%2e%2fetc", "%2E%2E%2F", ".%2e/", "%2e./",
    "..\\etc", "..%5cetc", "%2e%2e%5c", "..%c0%afetc", "..%c1%9cetc", "%c0%ae%c0%ae/", "..%252fetc", "%252e%252e%252f",
    "%25252e%25252e/", "..;/etc", "..;a=b/etc", "....//etc", "..././etc", "./.", "../", "..", ".", "%2e", "%00", "a%00.txt",
    "a%00/../b", "..%00/", "%u002e%u002e/", "%uff0e%uff0e/", "\uff0e\uff0e/etc", "\u2025/etc", "\u2024\u2024/etc",
    "..\u2215etc", "..\u2044etc", "..\uff0fetc", "..\uff3cetc", "%ef%bc%8e%ef%bc%8e/", "%e2%80%a5/etc", "a//b", "//etc/passwd",
    "/etc/passwd", "\\\\host\\share", "C:\\windows", "%5c%5chost", "a%0d%0ab", "a%0ab", "a%1b[31m", "%7f", "..%01/",
    "%f0%80%80%ae%f0%80%80%ae/", "%80%ae", "a/../../b", "a/./b", "a%2f..%2fb", "x%3f/../y", "..%3f/x",
)  # fmt: skip
PLACES = (
    "/api/v1/workflows/{}", "/api/v1/artifacts/{}/content", "/api/v1/runs/{}/journal", "/api/docs/{}", "/api/v1/uploads/{}",
)  # fmt: skip


async def asked(client: httpx.AsyncClient, raw: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """Ask for a path as it is: a client would tidy it up first."""
    headers = [
        (b"host", b"localhost"),
        *((n.lower(), v) for n, v in client.headers.raw if n.lower() != b"host"),
    ]
    scope = {
        "type": "http", "method": "GET", "path": unquote(raw.decode("utf-8")), "raw_path": raw, "query_string": b"",
        "headers": headers, "scheme": "http", "http_version": "1.1", "server": ("localhost", 80),
        "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await client._transport.app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:])


async def test_no_spelling_climbs_out_of_a_path(client: httpx.AsyncClient) -> None:
    assert len(CLIMBING) >= 50
    for place in PLACES:
        for spelling in CLIMBING:
            status, headers, body = await asked(client, place.format(spelling).encode())
            assert status in {400, 404}, (place, spelling)
            assert b"root:" not in body
            assert headers[b"content-type"] == b"application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/runs", "/a.b/c-d_e", "/name@2", "/v1/..hidden", "/a/b...c", "/é"])
def test_paths_that_clients_send_are_served(path: str) -> None:
    check_path(path, path.encode())


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"1")] * 101,
        [(b"x", b"a" * 20_000)],
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"1"), (b"Content-Length", b"2")],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"identity")],
        [(b"content-type", b"a/b"), (b"content-type", b"c/d")],
        [(b"content_length", b"1")],
        [(b"x", b"a\x00b")],
        [(b"x", b"a\x1b[31m")],
    ],
)
def test_heads_that_can_be_read_in_two_ways_or_are_too_much_are_refused(
    headers: list[tuple[bytes, bytes]],
) -> None:
    with pytest.raises((HeadTooLarge, InvalidInput)):
        check_headers(headers)


def test_queries_are_bounded() -> None:
    check_query(b"a=b&" * 100)
    with pytest.raises(HeadTooLarge):
        check_query(b"a" * 9_000)
    with pytest.raises(InvalidInput):
        check_query(b"&" * 300)
    with pytest.raises(HeadTooLarge):
        check_path("/" + "a" * 3_000)


async def test_a_head_that_is_too_large_is_told_as_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/runs", headers={"x-much": "a" * 20_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "head_too_large")


@pytest.mark.timed
def test_hostile_paths_take_no_time() -> None:
    began = time.perf_counter()
    for part in ("..", ".", "%25", "%2525", "/.", "..;", ".;a", "\u2025", "a.", "./"):
        try:
            check_path("/" + part * 2_000, b"/" + part.encode() * 2_000)
        except (InvalidInput, HeadTooLarge):
            continue
    assert time.perf_counter() - began < 0.5


async def test_every_response_has_the_headers_that_keep_it_to_itself(client: httpx.AsyncClient) -> None:
    for path, status in (("/api/v1/runs", 200), ("/api/v1/nothing", 404), ("/api/v1/runs?limit=x", 400)):
        answer = await client.get(path)
        assert answer.status_code == status
        for name, value in {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "cache-control": "no-store",
            "cross-origin-resource-policy": "same-origin",
            "x-api-version": "1",
        }.items():
            assert answer.headers[name] == value
        assert "strict-transport-security" not in answer.headers


async def test_browsers_are_told_to_stay_with_tls_where_there_is_tls(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    client = await open_api(sample_app, execute=False)
    answer = await client.get("https://localhost/api/v1/runs")
    name, value = strict_transport()
    assert answer.headers[name] == value == "max-age=31536000; includeSubDomains"


async def test_control_characters_do_not_make_lines_in_the_log(
    client: httpx.AsyncClient,
) -> None:
    written = io.StringIO()
    logs.configure("debug", "readable", written)
    forged = "%0d%0a2026-01-01 [info] forged_line%1b[31m"
    await client.get(f"/api/v1/{forged}")
    await client.get(f"/api/v1/runs?cursor={forged}")
    await client.get("/api/v1/runs", headers={"origin": b"http://x\x85forged", "x-request-id": b"a b"})
    lines = written.getvalue().splitlines()
    assert any("forged_line" in line for line in lines)
    for line in lines:
        assert not line.startswith("2026-01-01")
        assert "\x1b[31m" not in line
