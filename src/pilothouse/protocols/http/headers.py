"""Headers: which ones every response has, and what the head of a request may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secure import (
    ContentSecurityPolicy,
    CustomHeader,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from pilothouse.errors import InvalidInput
from pilothouse.protocols.http.errors import HeadTooLarge

API_VERSION = "1"
"""The version of the API that every response names as `X-API-Version`."""

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content security policy of pages that this server brings itself: nothing inline, no other host."""

ONE_YEAR = 31_536_000

MOST_HEADERS = 100
LONGEST_HEADER = 16 << 10
LONGEST_PATH = 2_048
LONGEST_QUERY = 8_192
MOST_PARAMETERS = 200

_DOTS = re.compile(r"(?:\A|/)(?:[.\u2024\ufe52\uff0e]|\u2025|\u2026)+(?:[;?][^/]*)?(?:/|\Z)")
_MARKS = frozenset(
    "\\\u2044\u2215\u2216\u29f8\u29f9\ufe68\uff0f\uff3c"
)  # a backslash, and what folds to a slash
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HIDDEN = re.compile(rb"%(?:25)*(?:2f|5c|2e|00|c0|c1|u[0-9a-f]{2})", re.IGNORECASE)


def security_headers() -> dict[str, str]:
    """Headers of each response that does not say otherwise: nothing is embedded, sniffed or stored."""
    found = Secure(
        csp=ContentSecurityPolicy().default_src("'none'").frame_ancestors("'none'"),
        permissions=PermissionsPolicy().geolocation().camera().microphone().payment().usb(),
        referrer=ReferrerPolicy().no_referrer(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        custom=[
            CustomHeader("cross-origin-resource-policy", "same-origin"),
            CustomHeader("cross-origin-opener-policy", "same-origin"),
            CustomHeader("cache-control", "no-store"),
            CustomHeader("x-api-version", API_VERSION),
        ],
    )
    return {name.lower(): value for name, value in found.headers.items()}


def strict_transport() -> tuple[str, str]:
    """The header by which a browser remembers to use TLS here; for responses that came by it only."""
    header = StrictTransportSecurity().max_age(ONE_YEAR).include_subdomains()
    return header.header_name.lower(), header.header_value


class HeadLimits:
    """Refuses requests whose head is not one that a sound client sends.

    Too many or too long headers, paths and queries are 431 or 414; a path that climbs, hides a separator or
    has control characters is 400, as are framing headers by which two servers could be told apart.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Let the rest through to `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `HeadTooLarge` or `InvalidInput`."""
        if scope["type"] in {"http", "websocket"}:
            check_headers(scope["headers"])
            check_query(scope["query_string"])
            check_path(scope["path"], scope.get("raw_path") or b"")
        await self._app(scope, receive, send)


def check_headers(headers: list[tuple[bytes, bytes]]) -> None:
    """Raise `HeadTooLarge` for too much, `InvalidInput` for framing that can be read in two ways."""
    if len(headers) > MOST_HEADERS:
        raise HeadTooLarge(f"The request has {len(headers)} headers; {MOST_HEADERS} are accepted.")
    names = [name.lower() for name, _ in headers]
    for name, value in headers:
        if len(value) > LONGEST_HEADER:
            raise HeadTooLarge(
                f"The header {name[:60].decode('latin-1')!r} is longer than {LONGEST_HEADER} bytes."
            )
        if _CONTROL.search(value):
            raise InvalidInput("A header has a control character.")
        if b"_" in name and name.replace(b"_", b"-").lower() in _FRAMING:
            raise InvalidInput("A header that frames the body is spelt with an underscore.")
    if (b"transfer-encoding" in names and b"content-length" in names) or any(
        names.count(name) > 1 for name in _FRAMING
    ):
        raise InvalidInput("The request says in more than one way how long its body is.")


_FRAMING = (b"content-length", b"transfer-encoding", b"content-type", b"content-encoding")


def check_query(query: bytes) -> None:
    """Raise `HeadTooLarge` for a query that is too long, `InvalidInput` for one with too many parameters."""
    if len(query) > LONGEST_QUERY:
        raise HeadTooLarge(f"The query is longer than {LONGEST_QUERY} bytes.")
    if query.count(b"&") >= MOST_PARAMETERS:
        raise InvalidInput(f"The query has more than {MOST_PARAMETERS} parameters.")


def check_path(path: str, raw: bytes = b"") -> None:
    """Raise `InvalidInput` for a path that no client of this API has a reason to send.

    `path` is decoded once, `raw` as it was sent.
    """
    if len(path) > LONGEST_PATH or len(raw) > 3 * LONGEST_PATH:
        raise HeadTooLarge(f"The path is longer than {LONGEST_PATH} characters.")
    if any(_wrong_with(path)) or _HIDDEN.search(raw.partition(b"?")[0]):
        raise InvalidInput(
            "The path leads out of its folder, or hides characters.",
            hint="Name one thing in each part of the path, without backslashes or control characters.",
        )


def _wrong_with(path: str) -> Iterator[bool]:
    yield "//" in path
    yield not _MARKS.isdisjoint(path)
    yield _DOTS.search(path) is not None
    yield not path.isprintable()
    yield "\ufffd" in path  # what was no UTF-8
    yield "%" in path  # encoded twice
