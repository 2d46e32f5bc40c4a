from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.kit.outgoing import (
    AddressForbidden,
    Answer,
    Guard,
    GuardedClient,
    NoSuchAnswer,
    is_public,
    resolved,
)

OURS = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254"),  # noqa: S104 - an address to be refused
    *("100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::a9fe:a9fe", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
    *("2001:0:7f00:1::80ff:fffe", "168.63.129.16", "192.88.99.1", "fec0::1", "3fff::1", "100::1", "5f00::1"),
    *("64:ff9b:1:a00:0:100:808:808", "2606:4700:0:0:200:5efe:a00:1", "fe80::5efe:808:808", "::ffff:0:a00:1"),
    *("100.100.100.200", "2002:a9fe:a9fe:1::8.8.8.8", "ff0e::1", "2001:0:808:808::5601:5601"),
]
OTHERS = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
Serve = Callable[[bytes], Awaitable[int]]
Count = Callable[[], Awaitable[tuple[int, list[bytes]]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A server on loopback that says the same to everybody: `port = await serve(b"HTTP/1.1 200 OK...")`."""
    servers = []

    async def make(said: bytes) -> int:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield make
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def count() -> AsyncIterator[Count]:
    """A server on loopback that notes who comes: `port, asked = await count()`."""
    servers = []

    async def make() -> tuple[int, list[bytes]]:
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1]), asked

    yield make
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def client() -> AsyncIterator[GuardedClient]:
    """Reaches loopback besides the internet."""
    made = GuardedClient(Guard(["127.0.0.0/8"]), deadline=2.0, most_bytes=1_000)
    yield made
    await made.close()


@pytest.mark.parametrize("text", OURS)
def test_addresses_of_networks_of_ours_are_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OTHERS)
def test_addresses_of_the_internet_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_no_disguise_makes_a_private_address_public(address: ipaddress.IPv4Address) -> None:
    low = int(address)
    disguised = [
        ipaddress.IPv6Address(0xFFFF << 32 | low),
        ipaddress.IPv6Address(low),
        ipaddress.IPv6Address(0x2002 << 112 | low << 80),
        ipaddress.IPv6Address(0x64FF9B << 96 | low),
    ]
    assert not any(is_public(item) for item in disguised)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "//example.org", ""),
        *(
            "https://",
            "http://user:secret@example.org/",
            "http://exam ple.org/",
            "http://a\\@b/",
            "http://[::1",
        ),
        *(
            "http://example.org:99999/",
            "http://example.org:0/",
            "http://example.org/\r\nX: y",
            "javascript:x",
        ),
    ],
)
async def test_what_is_no_plain_web_address_is_not_asked(client: GuardedClient, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await client.request("GET", url)
    assert "secret" not in str(refused.value)


THIS_MACHINE = (
    *("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "LOCALHOST", "[::1]", "0"),
    *(
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "127.0.1",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "localhost.",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
    ),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::1%25lo]", "[64:ff9b::127.0.0.1]"),
    *("127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "0x7F.0x0.0x0.0x1"),
    *("%31%32%37.0.0.1", "127.0.0.1%2f", "8.8.8.8@127.0.0.1", "127.0.0.1#@8.8.8.8", "8.8.8.8\\@127.0.0.1"),
    *(
        "\u0662\u0661\u0663\u0660\u0667\u0660\u0666\u0664\u0663\u0663",
        "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
    ),
)
"""Ways to write the address of this machine: other bases, shorter, mapped, in other scripts, hidden."""


@pytest.mark.parametrize("host", THIS_MACHINE)
async def test_no_spelling_of_this_machine_is_reached(count: Count, host: str) -> None:
    port, asked = await count()
    client = GuardedClient(Guard(), deadline=2.0)
    with pytest.raises((AddressForbidden, NoSuchAnswer, InvalidInput)):
        await client.request("GET", f"http://{host}:{port}/")
    await client.close()
    assert asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "127\u30020\u30020\u30021"]
)
async def test_the_same_spellings_reach_it_where_that_is_allowed(count: Count, host: str) -> None:
    port, asked = await count()
    client = GuardedClient(Guard(["127.0.0.0/8", "::1/128"]), deadline=2.0)
    assert (await client.request("GET", f"http://{host}:{port}/")).status == 200
    await client.close()
    assert len(asked) == 1


@pytest.mark.parametrize(
    "host", ["a" * 64 + ".example", "a..example", ".", "xn--", "xn--a", "[v1.a]", "256.1.1.1"]
)
async def test_what_is_no_host_is_told_as_such(client: GuardedClient, host: str) -> None:
    with pytest.raises(InvalidInput):
        await client.request("GET", f"https://{host}/")


async def test_the_address_that_was_looked_at_is_the_one_that_is_asked(count: Count) -> None:
    port, asked = await count()
    looked_up: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.3"]

    client = GuardedClient(Guard(["127.0.0.1/32"], resolve=rebinding), deadline=2.0)
    assert (await client.request("GET", f"http://rebound.example:{port}/")).status == 200
    assert (len(asked), looked_up) == (1, ["rebound.example"])
    with pytest.raises(AddressForbidden):  # a new connection, and what was said before counts for nothing
        await client.request("GET", f"http://rebound.example:{port}/")
    await client.close()
    assert len(asked) == 1


@pytest.mark.parametrize(
    "place",
    [
        *(
            "http://127.0.0.1:{}/",
            "//127.0.0.1:{}/",
            "http://2130706433:{}/",
            "http://[::ffff:127.0.0.1]:{}/",
        ),
        *("http://localhost:{}/", "http://name@127.0.0.1:{}/", "file:///etc/passwd"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_to_another_server(
    client: GuardedClient, serve: Serve, count: Count, status: int, place: str
) -> None:
    inner, asked = await count()
    where = place.format(inner)
    said = (
        f"HTTP/1.1 {status} Moved\r\nlocation: {where}\r\nrefresh: 0;url={where}\r\ncontent-length: 0\r\n\r\n"
    )
    answer = await client.request("GET", f"http://127.0.0.1:{await serve(said.encode())}/")
    assert (answer.status, asked) == (status, [])


async def test_a_proxy_of_the_environment_is_not_used(
    client: GuardedClient, serve: Serve, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, asked = await count()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
    port = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    assert (await client.request("GET", f"http://127.0.0.1:{port}/")).body == b"ok"
    assert asked == []


async def test_an_allowed_network_is_reached(client: GuardedClient, serve: Serve) -> None:
    port = await serve(b"HTTP/1.1 201 Created\r\nX-Told: yes\r\ncontent-length: 2\r\n\r\nok")
    answer = await client.request("POST", f"http://127.0.0.1:{port}/", content=b"{}")
    assert answer == Answer(201, {"x-told": "yes", "content-length": "2"}, b"ok")


async def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(serve: Serve) -> None:
    port = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret")
    turns = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(turns)

    guard = Guard(resolve=rebinding)
    assert await guard.addresses("rebound.example", port) == ["8.8.8.8"]
    client = GuardedClient(guard, deadline=2.0)
    with pytest.raises(AddressForbidden):
        await client.request("GET", f"http://rebound.example:{port}/")
    await client.close()


async def test_a_name_with_one_forbidden_address_among_others_is_not_reached() -> None:
    async def mixed(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "169.254.169.254"]

    with pytest.raises(AddressForbidden, match=r"169\.254\.169\.254"):
        await Guard(resolve=mixed).addresses("mixed.example", 80)


async def test_a_redirect_is_an_answer_and_is_not_followed(client: GuardedClient, serve: Serve) -> None:
    port = await serve(
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
    )
    answer = await client.request("GET", f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.headers["location"]) == (302, "http://169.254.169.254/")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + b"x" * 2_000, "more than 1,000 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc", "compressed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "RemoteProtocolError"),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
)
async def test_a_bad_answer_is_told_as_one(
    client: GuardedClient, serve: Serve, said: bytes, reason: str
) -> None:
    port = await serve(said)
    with pytest.raises(NoSuchAnswer, match=reason):
        await client.request("GET", f"http://127.0.0.1:{port}/")


async def test_a_server_that_says_nothing_is_given_up_in_time(serve: Serve) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    client = GuardedClient(Guard(["127.0.0.0/8"]), deadline=0.2)
    with pytest.raises(NoSuchAnswer, match=r"within 0\.2 s|Timeout"):
        await client.request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await client.close()
    server.close()
    await server.wait_closed()


async def test_a_host_that_is_not_there_is_told_as_such() -> None:
    client = GuardedClient(Guard(), deadline=2.0)
    with pytest.raises(NoSuchAnswer):
        await client.request("GET", "http://nowhere.invalid/")
    await client.close()


async def test_where_the_first_address_refuses_the_next_one_is_tried(serve: Serve) -> None:
    port = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async def two(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    client = GuardedClient(Guard(["127.0.0.0/8"], resolve=two), deadline=2.0)
    assert (await client.request("GET", f"http://two.example:{port}/")).status == 200
    await client.close()


async def test_the_system_knows_its_own_name() -> None:
    assert set(await resolved("localhost", 80)) & {"127.0.0.1", "::1"}
