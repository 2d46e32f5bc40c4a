"""Which operations are costly, and by what name a request is known before it is routed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi.routing import iter_route_contexts
from starlette.types import Scope

COSTLY = frozenset(
    {
        # a password or a code could be guessed, and hashing one takes 50 ms and 64 MB
        "sign_in",
        "submit_sign_in",
        "issue_token",
        "begin_identity",
        "end_identity",
        "accept_invitation",
        "request_recovery",
        "reset_password",
        "change_password",
        "confirm_totp",
        # work on many rows, or on many bytes
        "export_tenant",
        "simulate_policies",
        "erase_tenant",
        "download_tenant_export",
        "create_upload",
        "show_artifact_page",
        "cancel_runs",
        "move_runs",
        "retry_runs",
        "apply_retention",
        "estimate_retention",
    }
)
"""Operations of which a principal, or an address without credential, may ask for few a minute."""

UNCOUNTED = frozenset(
    {"live", "ready", "show_console", "show_chat", "read_console_asset", "read_console_icon"}
)
"""What balancers ask for all the time, and what a page is made of: answers that cost next to nothing."""

NameOf = Callable[[Scope], str]
"""The name of the operation that a request asks for; empty where there is none."""


class _Known(NamedTuple):
    path: re.Pattern[str]
    methods: frozenset[str]
    name: str


class OperationNames:
    """Names requests by the routes of the application that serves them, read at the first request."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], list[_Known]] | None = None

    def __call__(self, scope: Scope) -> str:
        """The name of the route's function; a WebSocket is a GET. It is kept in `scope`."""
        found = scope.get("pilothouse.operation")
        if found is None:
            found = scope["pilothouse.operation"] = self._find(scope)
        return str(found)

    def _find(self, scope: Scope) -> str:
        if self._known is None:
            self._known = self._read(scope["app"])
        path, method = scope["path"], scope.get("method", "GET")
        for known in (*self._known.get(_shape(path), ()), *self._known.get((0, ""), ())):
            if method in known.methods and known.path.fullmatch(path):
                return str(known.name)
        return ""

    def _read(self, app: Any) -> dict[tuple[int, str], list[_Known]]:
        known: dict[tuple[int, str], list[_Known]] = {}
        for route in iter_route_contexts(app.routes):
            template = route.path or ""
            pattern = re.escape(template)
            pattern = re.sub(r"\\\{[a-z_]+:path\\\}", ".+", pattern)
            pattern = re.sub(r"\\\{[a-z_]+(?::[a-z]+)?\\\}", "[^/]+", pattern)
            methods = frozenset(route.methods or {"GET"})
            shape = (0, "") if ":path}" in template else _shape(template)
            known.setdefault(shape, []).append(_Known(re.compile(pattern), methods, route.name or ""))
        return known


def _shape(path: str) -> tuple[int, str]:
    """How many segments a path has, and its third one: /api/v1/runs/7 is (4, runs)."""
    parts = path.split("/")
    return len(parts), parts[3] if len(parts) > 3 and parts[1] == "api" else ""
