from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocols.http.errors import Direct
from pilothouse.protocols.http.proxies import PROBES, ThroughProxies, TrustedProxies, needs_proxies
from pilothouse.settings import Settings

TRUSTED = ("10.0.0.0/8", "2001:db8:aaaa::/48")


async def seen(
    *headers: tuple[str, str], peer: str = "10.0.0.1", header: str = "x-forwarded-for", kind: str = "http"
) -> dict[str, Any]:
    """The scope that an application behind the proxies sees."""
    found: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.update(scope)

    scope = {
        "type": kind,
        "client": (peer, 1234),
        "scheme": "http" if kind == "http" else "ws",
        "headers": [
            (b"host", b"inner"),
            *((name.encode(), value.encode("latin-1")) for name, value in headers),
        ],
    }
    await TrustedProxies(app, TRUSTED, header)(scope, None, None)  # type: ignore[arg-type]  # neither is used
    return found


async def client_of(*values: str, peer: str = "10.0.0.1") -> str:
    return (await seen(*(("x-forwarded-for", value) for value in values), peer=peer))["client"][0]


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1, 192.0.2.7"], "192.0.2.7"),  # what a client wrote itself stands further left
        (["198.51.100.1, 192.0.2.7, 10.9.9.9"], "192.0.2.7"),
        (["198.51.100.1", "192.0.2.7"], "192.0.2.7"),  # duplicate headers are one list
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["2001:db8::7, 2001:db8:aaaa::1"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, ::ffff:10.1.1.1"], "192.0.2.7"),
        (["192.0.2.7, nonsense, 10.2.2.2"], "10.2.2.2"),  # who wrote what is no address is the last one known
        (["nonsense"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        (["192.0.2.7, , 10.2.2.2"], "10.2.2.2"),
        (["010.0.0.1"], "10.0.0.1"),
        (["fe80::1%eth0"], "10.0.0.1"),
        (["192.0.2.7:99x"], "10.0.0.1"),
        (["[192.0.2.7"], "192.0.2.7"),
        (["127.0.0.1"], "127.0.0.1"),
        (["1.1.1.1," * 5_000 + "192.0.2.7"], "192.0.2.7"),
        (["x" * 50_000], "10.0.0.1"),
        (["192.0.2.7" + ", 10.0.0.2" * 40], "10.0.0.2"),  # more hops than anybody has
        # several proxies, and a client that has written the first entries itself
        (["127.0.0.1, 10.0.0.9, 192.0.2.7, 10.1.1.1, 10.2.2.2"], "192.0.2.7"),
        (["127.0.0.1", "10.0.0.9, 192.0.2.7", "10.2.2.2"], "192.0.2.7"),
        (["::1, 2001:db8:bbbb::7, 2001:db8:aaaa::2, 10.1.1.1"], "2001:db8:bbbb::7"),
        (["::ffff:127.0.0.1, [::ffff:198.51.100.4]:99, ::ffff:10.1.1.1"], "198.51.100.4"),
        (["10.7.7.7"], "10.7.7.7"),  # a client inside of the proxies' network
        (["::ffff:a00:1, ::ffff:c000:207"], "192.0.2.7"),  # the mapped address in hexadecimal
        (["64:ff9b::a00:1"], "64:ff9b::a00:1"),  # a translated address is none of a proxy
        (["0x7f.1"], "10.0.0.1"),
        (["2130706433"], "10.0.0.1"),
    ],
)
async def test_the_client_is_the_first_from_the_right_that_is_no_proxy(
    values: list[str], client: str
) -> None:
    assert await client_of(*values) == client


@pytest.mark.parametrize("peer", ["192.0.2.66", "2001:db8:bbbb::1", "11.0.0.1", "::ffff:192.0.2.1"])
async def test_nobody_else_is_believed_and_nothing_of_it_goes_on(peer: str) -> None:
    said = (
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=127.0.0.1;proto=https;host=evil.example"),
        ("x-real-ip", "127.0.0.1"),
    )
    found = await seen(*said, peer=peer)
    assert (found["client"], found["scheme"]) == ((peer, 1234), "http")
    assert found["headers"] == [(b"host", b"inner")]


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "2001:db8:aaaa::5"])
async def test_a_proxy_is_known_by_any_spelling_of_its_address(peer: str) -> None:
    found = await seen(("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https"), peer=peer)
    assert (found["client"][0], found["scheme"]) == ("192.0.2.7", "https")


def test_networks_may_be_named_as_mapped_ones() -> None:
    named = TrustedProxies(None, ["::ffff:10.0.0.0/104", "::ffff:192.0.2.1"])  # type: ignore[arg-type]  # unused
    trusted = ("10.9.9.9", "::ffff:10.9.9.9", "192.0.2.1", "::ffff:c000:201")
    assert [address for address in trusted if not named.trusts(address)] == []
    assert [address for address in ("11.0.0.1", "192.0.2.2", "::1") if named.trusts(address)] == []


async def test_of_several_words_on_scheme_and_host_the_nearest_proxys_counts() -> None:
    said = (
        ("x-forwarded-for", "192.0.2.7, 10.2.2.2"),
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-host", "evil.example, pilothouse.example.com"),
    )
    found = await seen(*said)
    assert (found["scheme"], found["headers"]) == ("http", [(b"host", b"pilothouse.example.com")])


async def test_a_proxy_says_scheme_and_host() -> None:
    said = (
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "HTTPS"),
        ("x-forwarded-host", "pilothouse.example.com:8443"),
    )
    found = await seen(*said)
    assert found["scheme"] == "https"
    assert found["headers"] == [(b"host", b"pilothouse.example.com:8443")]
    assert (await seen(*said, kind="websocket"))["scheme"] == "wss"


@pytest.mark.parametrize("proto", ["gopher", "https\tx", "", "https, javascript"])
async def test_a_scheme_that_is_none_is_passed_over(proto: str) -> None:
    assert (await seen(("x-forwarded-proto", proto)))["scheme"] == "http"


@pytest.mark.parametrize("host", ["a b", "a/../b", "a@b", "", "x" * 300, "evil\xe9", "a:999999"])
async def test_a_host_that_is_none_is_passed_over(host: str) -> None:
    assert (await seen(("x-forwarded-host", host)))["headers"] == [(b"host", b"inner")]


async def test_only_the_header_that_the_proxies_write_counts() -> None:
    said = (("forwarded", "for=203.0.113.9;proto=https"), ("x-forwarded-for", "192.0.2.7"))
    assert (await seen(*said))["client"][0] == "192.0.2.7"
    found = await seen(*said, header="forwarded")
    assert (found["client"][0], found["scheme"]) == ("203.0.113.9", "https")


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ('for="[2001:db8::7]:4711";proto=https', "2001:db8::7"),
        ("for=198.51.100.1, for=192.0.2.7;by=10.0.0.1", "192.0.2.7"),
        ("For=192.0.2.7, for=10.2.2.2", "192.0.2.7"),
        ("for=_hidden", "10.0.0.1"),
        ("for=unknown", "10.0.0.1"),
        ("for=192.0.2.7;for=127.0.0.1", "10.0.0.1"),
        ("for==;;", "10.0.0.1"),
    ],
)
async def test_the_standard_header_in_its_forms(value: str, client: str) -> None:
    assert (await seen(("forwarded", value), header="forwarded"))["client"][0] == client


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=60), max_size=5))
async def test_whatever_is_written_left_of_a_proxys_word_changes_nothing(junk: list[str]) -> None:
    assert await client_of(*junk, "192.0.2.7, 10.3.3.3") == "192.0.2.7"


@pytest.mark.parametrize(
    ("said", "needs"),
    [
        ({}, False),
        ({"trusted_proxies": ("10.0.0.0/8",)}, False),  # loopback: nothing crosses a network
        ({"host": "10.0.0.5", "trusted_proxies": ("10.0.0.0/8",)}, True),
        ({"host": "::", "trusted_proxies": ("10.0.0.0/8",)}, True),
        ({"host": "10.0.0.5", "tls_cert": "c", "tls_key": "k", "trusted_proxies": ("10.0.0.0/8",)}, False),
    ],
)
def test_where_proxies_do_tls_others_may_not_come(said: dict[str, Any], *, needs: bool) -> None:
    assert needs_proxies(Settings(_env_file=None, **said)) is needs


async def come(peer: str | None, path: str, *headers: tuple[str, str], kind: str = "http") -> bool:
    """Whether a request gets through to an application that only proxies may ask."""
    reached = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["client"])

    served = TrustedProxies(ThroughProxies(app), TRUSTED)
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": kind,
        "client": (peer, 1) if peer else None,
        "scheme": "http",
        "path": path,
        "headers": [(b"host", b"inner"), *encoded],
    }
    await served(scope, None, None)  # type: ignore[arg-type]  # neither is used
    return bool(reached)


@pytest.mark.parametrize("peer", ["192.0.2.66", "11.0.0.1", "::ffff:192.0.2.1", "2001:db8:bbbb::1", None])
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_whoever_comes_past_the_proxies_is_told_so(peer: str | None, kind: str) -> None:
    pretending = (("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "https"))
    for path in ("/api/v1/runs", "/health/detail", "/health/live/", "/sign-in"):
        with pytest.raises(Direct) as caught:
            await come(peer, path, *pretending, kind=kind)
        assert "trusted_proxies" in str(caught.value)
    assert [await come(peer, path) for path in sorted(PROBES)] == [True, True]


async def test_what_proxies_pass_on_gets_through() -> None:
    for peer in ("10.0.0.1", "::ffff:10.0.0.1", "2001:db8:aaaa::1"):
        assert await come(peer, "/api/v1/runs", ("x-forwarded-for", "192.0.2.66"))
