"""The HTTP client for addresses that somebody else names: it reaches the internet, and no network of ours.

A name is resolved once, every address it leads to is looked at, and the connection is made to one of
these: a name that leads elsewhere a moment later (DNS rebinding) gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
import httpx

from pilothouse.errors import Category, InvalidInput, PilothouseError, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_BYTES = 1 << 20
"""Bytes of an answer, where nothing else is said."""

DEADLINE = 10.0
"""Seconds for a request with its whole answer, where nothing else is said."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # what every machine at Azure asks for its configuration and credentials
        "192.88.99.0/24",  # the nearest 6to4 relay, whoever runs it (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
        "64:ff9b:1::/48",  # NAT64 of a network's own, by prefixes of its own (RFC 8215)
        "fec0::/10",  # site-local (RFC 3879)
    )
)
"""What is not of the internet at large besides what the standard library knows of."""

_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


class AddressForbidden(PilothouseError):
    """The address leads into a network that is not to be reached from here."""

    code = "address_forbidden"
    status = 400
    category = Category.USER


class NoSuchAnswer(Unavailable):
    """The other server does not answer as it should."""

    code = "no_such_answer"


@dataclass(frozen=True)
class Answer:
    """What another server has said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the operating system knows them; raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def networks(said: Iterable[str]) -> tuple[Network, ...]:
    """The networks that texts such as `10.1.0.0/16` name; raises `ValueError`."""
    return tuple(ipaddress.ip_network(item, strict=False) for item in said)


def is_public(address: Address) -> bool:
    """Whether an address, and one that it carries inside, belongs to the internet at large."""
    inside = _carried(address)
    if inside is not None:
        return is_public(inside)
    if isinstance(address, ipaddress.IPv6Address) and int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        return False  # a tunnel to an IPv4 address, through a router of this network (RFC 5214)
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: Address) -> Address | None:
    """The IPv4 address to which an IPv6 address of a transition technique leads in the end."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = int(address) & 0xFFFF_FFFF
    if address in _NAT64 or (int(address) >> 32 == 0 and low > 1):
        return ipaddress.IPv4Address(low)
    return None


class Guard:
    """Says which addresses may be reached: those of the internet, and those in networks that are `allowed`.

    The networks of a cloud's own services (169.254.0.0/16) are reached only where they are `allowed` by name.
    """

    def __init__(self, allowed: Iterable[str] = (), resolve: Resolve = resolved) -> None:
        """Look names up with `resolve`."""
        self._allowed = networks(allowed)
        self._resolve = resolve

    def checked(self, url: str) -> SplitResult:
        """The parts of an address that may be asked; raises `InvalidInput` for what is no web address."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
            raise InvalidInput(f"{url[:100]!r} is no web address.", hint="Write it as https://host/path.")
        if parts.username is not None or parts.password is not None:
            raise InvalidInput("A web address with a password in it is not asked.", hint="Leave it out.")
        if any(character.isspace() or not character.isprintable() or character == "\\" for character in url):
            raise InvalidInput(f"{url[:100]!r} is no web address.", hint="Leave spaces and backslashes out.")
        return parts

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where `host` is to be reached.

        Raises `AddressForbidden` where any of its addresses is not to be, `OSError` where there is no host.
        """
        found = await self._resolve(host, port)
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            if not self.allows(address):
                raise AddressForbidden(
                    f"{host} leads to {address}, which is not to be reached from here.",
                    hint="An administrator may allow its network with PILOTHOUSE_OUTGOING_PRIVATE.",
                )
        return list(found)

    def allows(self, address: Address) -> bool:
        """Whether an address may be reached."""
        real = _carried(address) or address
        return is_public(real) or any(
            real in network for network in self._allowed if network.version == real.version
        )


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that the guard has looked at, and to no others."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"there is no host {host}") from error
        failure: Exception = httpcore.ConnectError(f"there is no host {host}")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class GuardedClient:
    """Asks other servers, within bounds of time and size. Use it in one event loop, and close it there."""

    def __init__(self, guard: Guard, *, deadline: float = DEADLINE, most_bytes: int = MOST_BYTES) -> None:
        """Reach what `guard` allows; proxies and credentials of the environment are not used."""
        self._guard = guard
        self._deadline = deadline
        self._most_bytes = most_bytes
        self._http: httpx.AsyncClient | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, and take the whole answer, whatever its status; a redirect is an answer like any other.

        Raises `InvalidInput` for what is no web address, `AddressForbidden` where it may not be reached, and
        `NoSuchAnswer` where nothing, too much or something compressed comes back, or too late.
        """
        host = self._guard.checked(url).hostname
        said = {**(headers or {}), "accept-encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._client().stream(method, url, headers=said, content=content, data=form) as response,
            ):
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise NoSuchAnswer(f"{host} answers compressed, which was not asked for.")
                return Answer(response.status_code, dict(response.headers), await self._read(response, host))
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InvalidInput(
                f"{url[:100]!r} names no host.", hint="Write it as https://host/path."
            ) from error
        except TimeoutError as error:
            raise NoSuchAnswer(f"{host} does not answer within {self._deadline:g} s.") from error
        except httpx.HTTPError as error:
            raise NoSuchAnswer(f"{host} does not answer: {type(error).__name__}: {error}") from error

    async def _read(self, response: httpx.Response, host: str | None) -> bytes:
        pieces, size = [], 0
        async for piece in response.aiter_raw():
            pieces.append(piece)
            size += len(piece)
            if size > self._most_bytes:
                raise NoSuchAnswer(f"{host} answers with more than {self._most_bytes:,} bytes.")
        return b"".join(pieces)

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.aclose()

    def _client(self) -> httpx.AsyncClient:
        """The client, made when it is needed first: reading the system's authorities takes 30 ms."""
        if self._http is None:
            context = httpx.create_ssl_context(trust_env=False)
            transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
            transport._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001 - httpx takes no network backend
                ssl_context=context,
                max_connections=20,
                keepalive_expiry=5,
                network_backend=_Backend(self._guard),
            )
            self._http = httpx.AsyncClient(
                transport=transport, trust_env=False, follow_redirects=False, timeout=self._deadline
            )
        return self._http
