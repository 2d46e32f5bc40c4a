"""Who may ask: nobody signs in yet, so no web page may drive a server that listens on this machine only."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pilothouse.protocols.http.errors import CrossOrigin, Misdirected
from pilothouse.settings import is_loopback

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


class LocalOnly:
    """Refuses requests under foreign host names, and those by which a page of another origin changes things.

    A page whose own name was made to lead to this machine (DNS rebinding) still sends that name as `Host`.
    Browsers say with `Sec-Fetch-Site` and `Origin` where a request comes from; other programs send neither.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Let the rest through to `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `Misdirected` or `CrossOrigin`."""
        if scope["type"] in {"http", "websocket"}:
            headers = Headers(scope=scope)
            host = headers.get("host", "")
            check_host(host)
            if scope["type"] == "websocket" or scope["method"] not in SAFE:
                check_origin(host, headers.get("origin"), headers.get("sec-fetch-site"))
        await self._app(scope, receive, send)


def check_host(host: str) -> None:
    """Raise `Misdirected` unless a `Host` header names this machine alone."""
    found = _HOST.fullmatch(host)
    name = found[1].strip("[]").lower() if found else ""
    if not is_loopback(name):
        raise Misdirected(
            f"This server does not answer for the host {host[:100]!r}.",
            hint="Use 127.0.0.1, [::1] or localhost: there is no authentication yet, so it is local only.",
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
