"""What the endpoints of one process are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from pilothouse.api.gateway import GatewayParts
from pilothouse.app import Pilothouse
from pilothouse.auth.service import Authentications
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.kit.session import Database
from pilothouse.people.opening import Doors
from pilothouse.policies.service import Authority
from pilothouse.protocols.websocket.endpoints import Sockets
from pilothouse.reaching import Reach
from pilothouse.runs.live import Live

Scoped = Annotated[Scope, Depends(request_scope)]
"""Whoever asks, as a dependency."""


@dataclass(frozen=True)
class Parts:
    """Everything that endpoints work on, wired."""

    pilothouse: Pilothouse
    database: Database
    doors: Doors
    auth: Authentications
    live: Live
    sockets: Sockets
    authority: Authority
    reach: Reach
    gateway: GatewayParts

    @property
    def session_of(self) -> Any:
        """The session of a request, as a dependency: one for each request, whoever asks for it."""
        return Depends(self.database.of_request, scope="function")
