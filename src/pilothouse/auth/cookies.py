"""The cookies of a browser's session: under TLS each carries `__Host-`, which no other host can plant."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from pilothouse.auth.identities import LASTS

SESSION, CSRF, IDENTITY = "ph_session", "ph_csrf", "ph_identity"


@dataclass(frozen=True)
class Cookies:
    """Names, sets and removes them. `secure`: browsers reach this server by TLS."""

    secure: bool

    def name(self, of: str) -> str:
        """What a cookie is called."""
        return f"__Host-{of}" if self.secure else of

    def session_of(self, request: HTTPConnection) -> str | None:
        """The session's id that a browser sends."""
        return request.cookies.get(self.name(SESSION))

    def begin(self, response: Response, value: str, csrf: str, seconds: int) -> None:
        """Have the browser keep a session. Links from elsewhere lead in; nothing is changed by them."""
        self._set(response, SESSION, value, seconds)
        response.set_cookie(
            self.name(CSRF), csrf, max_age=seconds, path="/", secure=self.secure, samesite="strict"
        )

    def end(self, response: Response) -> None:
        """Have the browser forget the session."""
        for of in (SESSION, CSRF):
            response.delete_cookie(self.name(of), path="/", secure=self.secure, httponly=of == SESSION)

    def leave(self, response: Response, sealed: str) -> None:
        """Have the browser keep what it needs when it is back from the identity provider."""
        self._set(response, IDENTITY, sealed, LASTS)

    def identity_of(self, request: HTTPConnection) -> str | None:
        """What was kept for that."""
        return request.cookies.get(self.name(IDENTITY))

    def back(self, response: Response) -> None:
        """It is back: forget that."""
        response.delete_cookie(self.name(IDENTITY), path="/", secure=self.secure, httponly=True)

    def _set(self, response: Response, of: str, value: str, seconds: int) -> None:
        response.set_cookie(
            self.name(of), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )
