"""Under which names this server answers, and which pages may drive it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pilothouse.protocols.http.errors import CrossOrigin, Misdirected
from pilothouse.settings import Settings, is_loopback

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


class Hosts:
    """Refuses requests under foreign host names, and those by which a page of another origin changes things.

    A page whose own name was made to lead here (DNS rebinding) still sends that name as `Host`. Browsers say
    with `Sec-Fetch-Site` and `Origin` where a request comes from; other programs send neither.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] = (), origins: Collection[str] = ()) -> None:
        """Let what is for loopback or `names`, and from here or listed `origins`, through to `app`."""
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `Misdirected` or `CrossOrigin`."""
        if scope["type"] in {"http", "websocket"}:
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            check_host(host, self._names)
            origins = headers.getlist("origin")
            origin = ", ".join(origins) if origins else None  # of two, nobody is listed
            changes = scope["type"] == "websocket" or scope["method"] not in SAFE
            if changes and origin not in self._origins:
                check_origin(host, origin, headers.get("sec-fetch-site"))
        await self._app(scope, receive, send)


def check_host(host: str, names: Collection[str] = ()) -> None:
    """Raise `Misdirected` unless a `Host` header names this machine's loopback, or one of `names`."""
    found = _HOST.fullmatch(host)
    name = found[1].strip("[]").lower() if found else ""
    if name not in names and not is_loopback(name):
        raise Misdirected(
            f"This server does not answer for the host {host[:100]!r}.",
            hint="An administrator names the host names of this server in the setting hosts; "
            "127.0.0.1, [::1] and localhost are always among them.",
        )


def check_origin(host: str, origin: str | None, site: str | None) -> None:
    """Raise `CrossOrigin` where a browser says that a page of another origin has sent the request."""
    foreign = site not in {None, "same-origin", "none"}
    if origin is not None and origin.lower().partition("://")[2] != host.lower():
        foreign = True
    if foreign:
        raise CrossOrigin(
            f"A page of {(origin or 'another origin')[:100]} may not change anything here.",
            hint="Use the console of this server, the command line or a program.",
        )


def host_names(settings: Settings) -> frozenset[str]:
    """The host names for which a server answers besides those of loopback."""
    public = urlsplit(settings.public_url or "").hostname
    own = None if _is_any(settings.host) else settings.host
    return frozenset(name.lower() for name in (*settings.hosts, public, own) if name)


def _is_any(host: str) -> bool:
    return host in {"0.0.0.0", "::"}  # noqa: S104 - no name, but all addresses of the machine
