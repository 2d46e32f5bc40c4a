"""The page to which links lead: it asks for a password, and works without the console."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import Response

from pilothouse.errors import NotFound
from pilothouse.routing import Endpoints

PARTS = {"link.css": "text/css; charset=utf-8", "link.js": "text/javascript; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def pages() -> Endpoints:
    """The page at /join and /reset-password, with its script and its style."""
    router = Endpoints(include_in_schema=False)

    @router.get("/join")
    @router.get("/reset-password")
    async def show_link_page() -> Response:
        """Show the form for a new password."""
        return _part("link.html", "text/html; charset=utf-8")

    @router.get("/links/{name}")
    async def read_link_page_part(name: str) -> Response:
        """Read the page's script or style. Raises `NotFound` for anything else."""
        if name not in PARTS:
            raise NotFound(f"The page has no part {name[:60]!r}.")
        return _part(name, PARTS[name])

    return router


def _part(name: str, media_type: str) -> Response:
    headers = {
        "content-security-policy": _POLICY,
        "content-type": media_type,
        "cache-control": "no-cache",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(_read(name), headers=headers)


@cache
def _read(name: str) -> bytes:
    return files("pilothouse.people").joinpath("static", name).read_bytes()
