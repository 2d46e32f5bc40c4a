"""The API's own documentation page: it renders the OpenAPI document, and asks no other host for anything."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import Response

from pilothouse.errors import NotFound
from pilothouse.protocols.http.headers import PAGE
from pilothouse.routing import Endpoints

PARTS = {"docs.css": "text/css; charset=utf-8", "docs.js": "text/javascript; charset=utf-8"}


def pages() -> Endpoints:
    """The page at /api/docs, with its script and its style."""
    router = Endpoints(include_in_schema=False)

    @router.get("/api/docs")
    async def show_documentation() -> Response:
        """Show the documentation of the API."""
        return _page("docs.html", "text/html; charset=utf-8")

    @router.get("/api/docs/{name}")
    async def read_documentation_part(name: str) -> Response:
        """Read the page's script or style. Raises `NotFound` for anything else."""
        if name not in PARTS:
            raise NotFound(f"The documentation has no part {name[:60]!r}.")
        return _page(name, PARTS[name])

    return router


def _page(name: str, media_type: str) -> Response:
    headers = {"content-security-policy": PAGE, "cache-control": "no-cache", "content-type": media_type}
    return Response(_read(name), headers=headers)


@cache
def _read(name: str) -> bytes:
    return files("pilothouse.protocols.http").joinpath("pages", name).read_bytes()
