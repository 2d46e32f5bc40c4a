"""Endpoints that are declared by their domain, and analysed once: where they are put into an API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp


@dataclass(frozen=True)
class Declared:
    """An endpoint as its domain declares it: its path below its router's, its function and its options."""

    path: str
    endpoint: Callable[..., Any]
    said: dict[str, Any]


class Api(FastAPI):
    """An API with layers outside of all that the framework puts around its own: what they answer passes none.

    `outer` are these layers, the outermost first.
    """

    def __init__(self, outer: Sequence[Middleware], **said: Any) -> None:
        """Everything else is said as to the framework."""
        super().__init__(**said)
        self.outer = outer

    def build_middleware_stack(self) -> ASGIApp:
        """Every layer, put together once at the first request."""
        app = super().build_middleware_stack()
        for layer in reversed(self.outer):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        return app


class Endpoints(APIRouter):
    """A router that holds what is declared on it until it joins an API.

    FastAPI takes an endpoint apart when it is declared and once more when its router is included, which is
    most of what the start of a server costs; and it finds the endpoints of included routers more slowly.
    """

    def __init__(self, prefix: str = "", *, tags: Sequence[str] = (), include_in_schema: bool = True) -> None:
        """All paths begin with `prefix`; the endpoints are described under `tags`."""
        super().__init__(prefix=prefix, tags=[*tags], include_in_schema=include_in_schema)
        self.declared: list[Declared] = []
        self.sockets: list[Declared] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        """Remember an endpoint."""
        self.declared.append(Declared(path, endpoint, said))

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], name: str | None = None, **said: Any
    ) -> None:
        """Remember a WebSocket."""
        self.sockets.append(Declared(path, endpoint, said | {"name": name}))

    def join(self, api: FastAPI, prefix: str = "", dependencies: Sequence[Any] = ()) -> None:
        """Add all endpoints to `api` below `prefix`; `dependencies` are looked at before their own."""
        for one in self.declared:
            said = self._said(one, dependencies)
            said["tags"] = [*self.tags, *(said.get("tags") or ())]
            said["include_in_schema"] = self.include_in_schema and said.get("include_in_schema", True)
            api.router.add_api_route(f"{prefix}{self.prefix}{one.path}", one.endpoint, **said)
        for one in self.sockets:
            said = self._said(one, dependencies)
            api.router.add_api_websocket_route(f"{prefix}{self.prefix}{one.path}", one.endpoint, **said)

    def _said(self, one: Declared, dependencies: Sequence[Any]) -> dict[str, Any]:
        return one.said | {"dependencies": [*dependencies, *(one.said.get("dependencies") or ())]}
