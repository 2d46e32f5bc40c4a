from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from pilothouse import App
from pilothouse.errors import InvalidInput
from pilothouse.kit.bounded import MAX_DEPTH, read_bounded
from pilothouse.protocols.http.bodies import JsonBodies, check_media_type
from pilothouse.protocols.http.errors import UnsupportedMediaType

RUNS = "/api/v1/runs"
NAMES = st.sampled_from(["a", "[", "}"])
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.just("[{"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "[", "}"]), inner, max_size=3)
    ),
    max_leaves=30,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(JSON, st.integers(0, MAX_DEPTH + 2))
def test_json_is_accepted_exactly_down_to_the_limit(value: object, wrapped: int) -> None:
    for number in range(wrapped):
        value = [value] if number % 2 else {"a": value}
    if depth(value) <= MAX_DEPTH:
        read_bounded(orjson.dumps(value), "The body")
    else:
        with pytest.raises(InvalidInput, match="nested deeper than 10 levels"):
            read_bounded(orjson.dumps(value), "The body")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"NaN",
        b'{"a": Infinity}',
        b'"\xff"',
        b'"\\ud800"',
        b"1 2",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'"tab\tinside"',
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_bounded(body, "The body")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/merge-patch+json",
    ],
)
def test_json_in_utf8_is_understood(content_type: str) -> None:
    check_media_type(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "text/json",
        "json",
    ],
)
def test_other_types_are_not(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_media_type(content_type)


@pytest.fixture
async def small(open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App) -> httpx.AsyncClient:
    return await open_api(sample_app, execute=False, max_body_bytes=2_000)


async def _in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(
    small: httpx.AsyncClient,
) -> None:
    headers = {"content-type": "application/json"}
    announced = await small.post(RUNS, content=b'"' + b"x" * 2_000 + b'"', headers=headers)
    streamed = await small.post(RUNS, content=_in_pieces(b'"', b"x" * 1_500, b"x" * 1_500), headers=headers)
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_comes_in_pieces_is_read_whole(small: httpx.AsyncClient) -> None:
    pieces = _in_pieces(b'{"workflow": "ec', b'ho", "input"', b': {"text": "x"}}')
    answer = await small.post(RUNS, content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_input"),
        (b"[" * 11 + b"]" * 11, "application/json", 400, "invalid_input"),
        (b"workflow=echo", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "", 415, "unsupported_media_type"),
        (b"", "application/json", 400, "invalid_input"),
        (b"", "", 400, "invalid_input"),
    ],
)
async def test_a_bad_body_is_told_as_a_problem(
    small: httpx.AsyncClient, content: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await small.post(RUNS, content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_client_that_leaves_within_its_body_is_not_served() -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError(scope)

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    with pytest.raises(ClientDisconnect):
        await JsonBodies(app, 100)(
            {"type": "http", "method": "POST", "path": "/", "headers": []}, receive, None
        )


async def test_what_is_no_http_request_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: dict[str, Any], receive: object, send: object) -> None:
        seen.append(scope["type"])

    await JsonBodies(app, 100)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
