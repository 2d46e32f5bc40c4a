"""Where a request comes from, where proxies stand in between: only those that are trusted are believed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from pilothouse.protocols.http.errors import Direct
from pilothouse.settings import Settings, is_loopback

Header = tuple[bytes, bytes]

LONGEST = 4_096
"""Characters of such headers that are read; the rightmost ones are those that proxies near to us wrote."""
MOST_HOPS = 20
PROBES = frozenset({"/health/live", "/health/ready"})
"""What is told to whoever asks directly: orchestrators ask each process, and no secret is in it."""

_CLAIMS = frozenset({b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"})
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(:[0-9]{1,5})?", re.IGNORECASE)
_PAIR = re.compile(r'\s*([a-z]+)\s*=\s*(?:"([^"\\]*)"|([^\s;,"]*))\s*', re.IGNORECASE)


INSIDE = "pilothouse.inside"
"""The ASGI extension of a request that this process makes of itself: it has crossed no network."""


class TrustedProxies:
    """Sets a request's client, scheme and host to what trusted proxies say, and removes what anybody says.

    `header` is the one that the proxies write, `x-forwarded-for` (with -proto and -host) or `forwarded`
    (RFC 7239): a proxy passes on whichever it does not know, and so a client could choose it.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[str], header: str = "x-forwarded-for") -> None:
        """Serve `app`; proxies in `networks` (CIDRs) are trusted."""
        self._app = app
        self._networks = [_network(item) for item in networks]
        self._standard = header == "forwarded"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in {"http", "websocket"}:
            headers: list[Header] = scope["headers"]
            client = scope.get("client")
            trusted = client is not None and self.trusts(client[0])
            inside = INSIDE in (scope.get("extensions") or {})
            scope.setdefault("state", {})["direct"] = not (trusted or inside)
            if any(_is_claim(name) for name, _ in headers):
                scope["headers"] = [pair for pair in headers if not _is_claim(pair[0])]
                scope["state"]["proxied"] = True
                if trusted:
                    self._believe(scope, headers)
        await self._app(scope, receive, send)

    def trusts(self, address: str) -> bool:
        """Whether a proxy at this address is believed."""
        if not self._networks:
            return False
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)

    def _believe(self, scope: Scope, headers: Sequence[Header]) -> None:
        if self._standard:
            said = list(_forwarded(headers))
            hops = [one.get("for", "") for one in said]
            nearest = said[-1] if said else {}
            proto, host = nearest.get("proto", ""), nearest.get("host", "")
        else:
            hops = _values(headers, b"x-forwarded-for")
            proto = _last(_values(headers, b"x-forwarded-proto"))
            host = _last(_values(headers, b"x-forwarded-host"))
        client = self._client(hops)
        if client is not None:
            scope["client"] = (client, 0)
        if proto.lower() in {"http", "https"}:
            secure = proto.lower() == "https"
            plain = "ws" if scope["type"] == "websocket" else "http"
            scope["scheme"] = plain + ("s" if secure else "")
        if _HOST.fullmatch(host):
            others = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", host.encode("ascii")), *others]

    def _client(self, hops: Sequence[str]) -> str | None:
        """The first address from the right that is no trusted proxy; None where nothing is said.

        What is no address ends the walk: who wrote it is the last one that is known.
        """
        found = None
        for hop in list(reversed(hops))[:MOST_HOPS]:
            address = _address(hop)
            if address is None:
                break
            found = str(address)
            if not any(address in network for network in self._networks):
                break
        return found


class ThroughProxies:
    """Refuses those who come past the proxies, where these do TLS and this process speaks plain HTTP.

    They are told so before anything of theirs is looked at. What they have sent crossed the network in the
    clear already; it works nowhere, so that nobody gets used to it.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Serve `app`, inside of `TrustedProxies`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `Direct`."""
        if (
            scope["type"] in {"http", "websocket"}
            and scope["state"]["direct"]
            and scope["path"] not in PROBES
        ):
            raise Direct(
                hint="Come over TLS, by the address that the proxy serves. An administrator names proxies in "
                "the setting trusted_proxies, or gives this process a certificate (tls_cert and tls_key).",
            )
        await self._app(scope, receive, send)


def needs_proxies(settings: Settings) -> bool:
    """Whether only trusted proxies may come: others would speak plain HTTP to us over a network."""
    return bool(settings.trusted_proxies) and settings.tls_cert is None and not is_loopback(settings.host)


def _network(said: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network as addresses are compared with it: one of mapped addresses is the IPv4 network itself."""
    found = ipaddress.ip_network(said, strict=False)
    mapped = found.network_address.ipv4_mapped if isinstance(found, ipaddress.IPv6Network) else None
    if mapped is None or found.prefixlen < 96:
        return found
    return ipaddress.IPv4Network((mapped, found.prefixlen - 96))


def _is_claim(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in _CLAIMS


def _text(headers: Sequence[Header], name: bytes) -> str:
    """All headers of a name as one list, in the order of their coming; its end where it is long."""
    found = ",".join(value.decode("latin-1") for key, value in headers if key == name)
    if len(found) <= LONGEST:
        return found
    return found[-LONGEST:].partition(",")[2]


def _values(headers: Sequence[Header], name: bytes) -> list[str]:
    found = _text(headers, name)
    return [item.strip() for item in found.split(",")] if found else []


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _forwarded(headers: Sequence[Header]) -> Iterator[dict[str, str]]:
    """The elements of `Forwarded` (RFC 7239); one that is not well-formed has nothing in it."""
    for element in _values(headers, b"forwarded"):
        pairs: dict[str, str] = {}
        for part in element.split(";"):
            match = _PAIR.fullmatch(part)
            if match is None or match[1].lower() in pairs:
                pairs = {}
                break
            pairs[match[1].lower()] = match[2] if match[2] is not None else match[3]
        yield pairs


def _address(said: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it: bare, in brackets, with a port; None for anything else."""
    text = said.strip()
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        if port and not re.fullmatch(r":[0-9]{1,5}", port):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not re.fullmatch(r"[0-9]{1,5}", port):
            return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return None
        return found.ipv4_mapped or found
    return found
