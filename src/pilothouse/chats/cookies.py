"""The cookie of a chat: of its own kind, and never taken for a session of the console."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from pilothouse.chats.schemas import LONGEST_TOKEN

NAME = "ph_chat"


class ChatCookies:
    """Sets and removes it. Under TLS it carries `__Host-`, which no other host can plant."""

    def __init__(self, *, secure: bool) -> None:
        """`secure`: browsers reach this server by TLS."""
        self._secure = secure
        self.name = f"__Host-{NAME}" if secure else NAME

    def of(self, request: HTTPConnection) -> str | None:
        """The value that a browser sends."""
        value = request.cookies.get(self.name)
        return value if value is not None and len(value) <= LONGEST_TOKEN else None

    def begin(self, response: Response, value: str, seconds: int) -> None:
        """Have the browser keep a session, and send it with what this site itself asks for only."""
        response.set_cookie(
            self.name,
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def end(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="strict")
