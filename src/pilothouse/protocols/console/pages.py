"""Serves the console: a page for every address below /console, the one where customers chat, and their files.

The files are named by their content, so that browsers keep them; the page is made anew each time, with a word
by which it may add styles. The console asks this server's API for everything else, and no other host.
"""

from __future__ import annotations

import gzip
import mimetypes
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pilothouse import forms
from pilothouse.errors import NotFound
from pilothouse.protocols.http.headers import PAGE
from pilothouse.routing import Endpoints

PATH, CHAT = "/console", "/chat"
NONCE = "%STYLE_NONCE%"
"""What stands in the built page where the word for styles goes."""
FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "no-cache"
SMALLEST = 1_024
"""Bytes from which a file is worth compressing."""
COMPRESSED = frozenset({".js", ".css", ".svg", ".json", ".txt"})

MISSING = (
    "<p>The console is not built.</p><p>In a source folder, <code>./dev console</code> builds it. "
    "An installed package brings it along.</p>"
)


class File(NamedTuple):
    """A file of the console: its bytes, the same compressed if that helps, and of what type it is."""

    plain: bytes
    zipped: bytes | None
    media_type: str


def console_pages(folder: Traversable | None = None) -> Endpoints:
    """The console in `folder`, which is the one that was built into the package unless said otherwise."""
    built = folder or files("pilothouse.protocols.console").joinpath("static")
    found = cache(lambda name: _read(built, name))
    router = Endpoints(include_in_schema=False)

    @router.get(PATH)
    async def show_console_root() -> Response:
        """The console's own address ends with a slash."""
        return RedirectResponse(f"{PATH}/", 308)

    @router.get(PATH + "/assets/{name}")
    async def read_console_asset(request: Request, name: str) -> Response:
        """A file whose name says what is in it: it never changes. Raises `NotFound`."""
        return _sent(found(f"assets/{name}"), request.headers, FOR_EVER)

    @router.get(PATH + "/icon.svg")
    async def read_console_icon(request: Request) -> Response:
        """The icon of the console."""
        return _sent(found("icon.svg"), request.headers, ANEW)

    @router.get(PATH + "/{address:path}")
    async def show_console(address: str) -> Response:  # noqa: ARG001 - the page itself reads its address
        """The page, whatever screen of it is asked for."""
        return _page(found, "index.html")

    @router.get(CHAT + "/{workflow}")
    async def show_chat(workflow: str) -> Response:  # noqa: ARG001 - as above
        """The page on which customers talk with a workflow; a link has its token behind the #."""
        return _page(found, "chat.html")

    return router


def _page(found: Callable[[str], File], name: str) -> Response:
    """A page as it was built, with a new word for its styles."""
    try:
        text = found(name).plain.decode()
    except NotFound:
        return forms.page(MISSING, 503, title="Pilothouse", look="/sign-in/style.css")
    nonce = secrets.token_urlsafe(16)
    policy = PAGE.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'")
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return HTMLResponse(text.replace(NONCE, nonce), headers=headers)


def _read(built: Traversable, name: str) -> File:
    """A file below the folder of built ones; raises `NotFound`."""
    place = built
    for part in name.split("/"):
        place = place.joinpath(part)
    if not place.is_file():
        raise NotFound(
            f"The console has no file {name[:80]!r}.", hint="Load the page anew: it has newer ones."
        )
    plain = place.read_bytes()
    suffix = name[name.rfind(".") :]
    worth = suffix in COMPRESSED and len(plain) >= SMALLEST
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(plain, gzip.compress(plain, 9, mtime=0) if worth else None, media_type)


def _sent(file: File, asked: Mapping[str, str], keep: str) -> Response:
    headers = {"cache-control": keep, "vary": "Accept-Encoding"}
    if file.zipped is not None and "gzip" in asked.get("accept-encoding", ""):
        return Response(
            file.zipped, media_type=file.media_type, headers=headers | {"content-encoding": "gzip"}
        )
    return Response(file.plain, media_type=file.media_type, headers=headers)
