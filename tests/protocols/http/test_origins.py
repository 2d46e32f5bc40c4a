from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocols.http.errors import CrossOrigin, Misdirected
from pilothouse.protocols.http.origins import Hosts, check_host, check_origin
from pilothouse.settings import is_loopback

RUNS = "/api/v1/runs"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:65535", "127.8.8.8", "[::1]", "[::1]:8000"],
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.5:8000",
        "8.8.8.8",
        "[::]:8000",
        "localhost@evil.example",
        "localhost, evil.example",
        "localhost:8000:9000",
        "localhost/x",
        "::1",
        "2130706433",
        "[::ffff:192.168.1.5]",
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    with pytest.raises(Misdirected, match="does not answer for the host"):
        check_host(host)


@given(st.text(max_size=30))
def test_no_name_is_answered_that_is_not_a_loopback_one(host: str) -> None:
    try:
        check_host(host)
    except Misdirected:
        return
    name = host.rpartition(":")[0] or host
    assert is_loopback(name.strip("[]").lower()) or is_loopback(host.strip("[]").lower())


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (None, None),
        (None, "same-origin"),
        (None, "none"),
        ("http://localhost:8000", None),
        ("http://LOCALHOST:8000", "same-origin"),
    ],
)
def test_our_own_pages_and_programs_may_change_things(origin: str | None, site: str | None) -> None:
    check_origin("localhost:8000", origin, site)


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", None),
        ("http://localhost:3000", None),
        ("http://localhost", None),
        ("null", None),
        ("", None),
        (None, "cross-site"),
        (None, "same-site"),
        (None, "something-new"),
        ("http://localhost:8000", "cross-site"),
        ("http://localhost:8000.evil.example", "same-origin"),
    ],
)
def test_pages_of_other_origins_may_not(origin: str | None, site: str | None) -> None:
    with pytest.raises(CrossOrigin, match="may not change anything"):
        check_origin("localhost:8000", origin, site)


async def test_a_web_page_cannot_drive_the_server(client: httpx.AsyncClient) -> None:
    wanted = {"workflow": "echo", "input": {"text": "x"}}
    foreign = await client.post(RUNS, json=wanted, headers={"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_origin")
    rebound = await client.get(RUNS, headers={"host": "evil.example"})
    assert (rebound.status_code, rebound.json()["code"]) == (421, "misdirected_request")
    assert (await client.options(RUNS, headers={"origin": "https://evil.example"})).status_code == 405
    own = await client.post(RUNS, json=wanted, headers={"origin": "http://localhost"})
    assert own.status_code == 201
    read = await client.get(RUNS, headers={"origin": "https://evil.example"})
    assert read.status_code == 200
    assert "access-control-allow-origin" not in read.headers


async def test_a_web_socket_is_checked_as_well() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError(scope)

    headers = [(b"host", b"localhost"), (b"origin", b"https://evil.example")]
    with pytest.raises(CrossOrigin):
        await Hosts(app)({"type": "websocket", "headers": headers}, None, None)
