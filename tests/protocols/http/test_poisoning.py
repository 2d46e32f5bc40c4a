"""What a cache in between could keep for others is the same, whatever a request claims."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx

from pilothouse import App

EVIL = "evil.example"
PAGES = [
    "/",
    "/sign-in",
    "/join",
    "/reset-password",
    "/api/docs",
    "/api/v1/openapi.json",
    "/.well-known/jwks.json",
    "/health/live",
    "/api/v1/runs",
    "/api/v1/nothing",
    "/nothing.css",
]
CLAIMS = [
    {"x-forwarded-host": EVIL, "x-forwarded-proto": "https"},
    {"x-forwarded-host": f"localhost, {EVIL}"},
    {"x-forwarded-proto": "nothttps"},
    {"x-forwarded-scheme": "http", "x-forwarded-port": "1337", "x-forwarded-ssl": "on"},
    {"x-forwarded-prefix": f"//{EVIL}", "x-forwarded-path": "/evil", "x-forwarded-server": EVIL},
    {"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "true-client-ip": "127.0.0.1"},
    {"forwarded": f"host={EVIL};proto=https;for=127.0.0.1"},
    {"x-host": EVIL, "x-original-host": EVIL, "x-http-host-override": EVIL, "x-http-destinationurl": EVIL},
    {"x-original-url": "/api/v1/workers", "x-rewrite-url": "/api/v1/workers"},
    {"x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-http-method": "DELETE"},
    {
        "x-wap-profile": f"http://{EVIL}/x.xml",
        "referer": f"https://{EVIL}/",
        "x-amz-website-redirect-location": "/e",
    },
    {"origin": f"https://{EVIL}"},
    {"origin": "null"},
    {"accept-language": EVIL, "user-agent": EVIL},
    {"x-request-id": "chosen-by-the-client"},
]
CHANGING = {"x-request-id", "date", "set-cookie", "content-length"}
"""Headers that differ from one answer to the next."""


def kept(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """What a cache would keep, without what differs each time: ids, and tokens of forms."""
    body = re.sub(r'"request_id":"[^"]*"|(value|content)="[\w.-]{20,}"', "", answer.text)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in CHANGING and not name.startswith("ratelimit")
    }
    return answer.status_code, body, headers


async def test_what_a_request_claims_changes_nothing_that_a_cache_would_keep(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    server = await open_server(sample_app, cors_origins=["https://console.example"], limit_address=0)
    seen = set()
    async with httpx.AsyncClient(base_url=server.base_url) as stranger:
        for page in PAGES:
            plain = kept(await stranger.get(page))
            seen.add(plain[0])
            told = plain[2].get("cache-control", "")
            assert re.search("no-store|no-cache", told) or page.startswith("/.well-known/"), page
            assert "origin" in plain[2]["vary"].lower()
            for claim in CLAIMS:
                stranger.cookies.clear()
                assert kept(await stranger.get(page, headers=claim)) == plain, (page, claim)
    assert seen == {200, 303, 401, 404}


async def test_what_is_somebodys_own_is_kept_by_no_cache(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    server = await open_server(sample_app)
    for path in (
        "runs",
        "workflows",
        "uploads",
        "keys",
        "tenant",
        "runs.css",
        "runs/x.js",
        "runs;x.css",
        "runs%2fx.png",
    ):
        answer = await server.get(f"/api/v1/{path}")
        assert "no-store" in answer.headers["cache-control"], path
    made = await server.post("/api/v1/uploads", content=b"mine")
    content = await server.get(f"/api/v1/uploads/{made.json()['id']}/content")
    assert content.headers["cache-control"] == "private, no-cache"


HOSTS = [
    (EVIL, 421),
    (f"{EVIL}:80", 421),
    (f"localhost@{EVIL}", 421),
    (f"{EVIL}@localhost", 421),
    (f"localhost:80@{EVIL}", 421),
    (f"localhost:{EVIL}", 421),
    (f"localhost {EVIL}", 421),
    (f"localhost\t{EVIL}", 421),
    (f"localhost,{EVIL}", 421),
    (f"localhost.{EVIL}", 421),
    (f"{EVIL}/localhost", 421),
    (f"{EVIL}#localhost", 421),
    (f"{EVIL}?localhost", 421),
    (f"{EVIL}\\localhost", 421),
    ("localhost:99999999", 421),
    ("localhost:-1", 421),
    ("localhost:", 421),
    ("[::1", 421),
    ("", 421),
    ("localhost:1337", 200),
    ("LOCALHOST", 200),
]


async def test_no_other_host_is_answered_for(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    server = await open_server(sample_app, limit_address=0)
    for host, status in HOSTS:
        for page in ("/sign-in", "/api/v1/openapi.json"):
            reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
            writer.write(f"GET {page} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            assert (host, page, int(answer.split(b" ", 2)[1])) == (host, page, status)
            assert b"no-store" in answer
            if status == 200:
                assert not re.search(rb"1337|evil|LOCALHOST", answer)
