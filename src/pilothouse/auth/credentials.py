"""Says who makes a request: by an API key, an access token, the token of this machine, or a session."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import HTTPConnection

from pilothouse.auth.believing import Believed
from pilothouse.auth.cookies import Cookies
from pilothouse.auth.csrf import Csrf
from pilothouse.auth.errors import CredentialInvalid, CsrfRefused
from pilothouse.auth.local import LOCAL
from pilothouse.auth.sessions import Came, Sessions
from pilothouse.auth.tokens import Tokens
from pilothouse.errors import Unauthenticated
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.secret import SecretSource
from pilothouse.settings import is_loopback

CSRF_HEADER = "x-csrf-token"
LONGEST = 4_096
"""Characters of a credential."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BEGINS = frozenset(
    {
        "/sign-in",
        "/api/v1/auth/sign-in",
        "/api/v1/auth/token",
        "/api/v1/auth/revoke",
        "/api/v1/auth/accept-invitation",
        "/api/v1/auth/recovery",
        "/api/v1/auth/reset-password",
    }
)
"""Where nobody has to be signed in: a browser's session counts for nothing there, stale or not."""
CUSTOMERS = "/api/v1/chat/"
"""What customers ask for, whom the cookie of a chat lets in: neither does a session count there."""

_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_HINT = "Send one: Authorization: Bearer ..., X-API-Key, or a session's cookie."


class Keys(Protocol):
    """Knows API keys."""

    async def verify(self, text: str) -> Scope | None:
        """The scope of a key; None for what is no key. Raises `Unauthenticated`."""
        ...


class Credentials:
    """The authenticator of a server. What is looked up for a credential is believed for 0.9 s.

    The token of this machine is taken only where the server is `local` (it listens on loopback), from
    loopback, under a loopback name, and never through a proxy.
    """

    def __init__(
        self,
        keys: Keys | None,
        tokens: Tokens,
        sessions: Sessions,
        csrf: Csrf,
        cookies: Cookies,
        source: SecretSource,
        *,
        local: bool,
    ) -> None:
        """Ask each of them for its kind of credential."""
        self._keys = keys
        self._tokens = tokens
        self._sessions = sessions
        self._csrf = csrf
        self._cookies = cookies
        self._source = source
        self._local = local
        self._scopes: Believed[Scope] = Believed()
        self._came: Believed[Came | None] = Believed()

    async def authenticate(self, request: HTTPConnection) -> Scope | None:
        """On whose behalf a request is made; None where it says nothing, or its session is over.

        Raises `CredentialInvalid` for a header that does not hold, and for two credentials at once;
        `CsrfRefused` for a session that is to change something without its CSRF token.
        """
        return await self._found(request, used=True)

    async def _found(self, request: HTTPConnection, *, used: bool) -> Scope | None:
        header, session = _of_headers(request), self._cookies.session_of(request)
        if header is not None and session is not None:
            raise CredentialInvalid("The request has two credentials.", hint=_HINT)
        if header is not None:
            return await self._of_header(request, header[0], bearer=header[1])
        if session is None or (request.scope["type"] == "http" and _begins(request)):
            return None
        came = await self.session(request, used=used)
        if came is None:
            return None
        changes = request.scope["type"] == "http" and request.scope["method"] not in SAFE
        if changes and not await self._csrf.fits(came.digest, request.headers.get(CSRF_HEADER)):
            raise CsrfRefused(
                hint="Send the session's token as X-CSRF-Token: GET /api/v1/auth/session has it."
            )
        return came.scope

    async def session(self, request: HTTPConnection, *, used: bool = True) -> Came | None:
        """Whose session the browser has; None where it has none, or it is over.

        Where it is not `used`, it goes on becoming idle.
        """
        value = self._cookies.session_of(request)
        if value is None or len(value) > LONGEST:
            return None
        return await self._came.of(value, lambda: self._sessions.came(value, used=used))

    async def still_holds(self, request: HTTPConnection, scope: Scope) -> bool:
        """Whether the credential of a stream that is open still stands for the same.

        That a page lies open somewhere is no use of its session.
        """
        try:
            return await self._found(request, used=False) == scope
        except Unauthenticated:
            return False

    async def prepare(self) -> None:
        """Have the token of this machine made, where it counts here."""
        if self._local:
            await self._source.versions("local_token")

    def forget(self) -> None:
        """Look up all credentials anew; for whoever has just ended one."""
        self._scopes.forget()
        self._came.forget()

    async def _of_header(self, request: HTTPConnection, text: str, *, bearer: bool) -> Scope:
        if bearer and text.startswith(LOCAL):
            return await self._of_this_machine(request, text)
        look: Callable[[], Awaitable[Scope]]
        if text.startswith("ph_") or not bearer:
            look = lambda: self._of_key(text)  # noqa: E731 - one of two
        else:
            look = lambda: self._of_token(text)  # noqa: E731 - one of two, as above
        return await self._scopes.of(text, look)

    async def _of_key(self, text: str) -> Scope:
        found = await self._keys.verify(text) if self._keys is not None else None
        if found is None:
            raise CredentialInvalid("The API key is not valid.", hint=_HINT)
        return found

    async def _of_token(self, text: str) -> Scope:
        claims = await self._tokens.verify(text)
        scope = await self._sessions.of_program(claims.session_id)
        if (scope.principal, scope.tenant_id) != (claims.principal, claims.tenant_id):
            raise CredentialInvalid("The token is not valid.")
        return scope

    async def _of_this_machine(self, request: HTTPConnection, text: str) -> Scope:
        known = [version.reveal() for version in await self._source.versions("local_token")]
        said = text.removeprefix(LOCAL).encode("utf-8", "replace")
        matching = [hmac.compare_digest(token, said) for token in known]
        if not any(matching) or not self._local or not _is_near(request):
            raise CredentialInvalid(
                "The token of this machine is not valid here.",
                hint="It holds for programs on the machine of a server that listens on loopback, and that "
                "work on its data folder (--data); from elsewhere use an API key.",
            )
        return local_scope()


def _begins(request: HTTPConnection) -> bool:
    if request.scope["path"].startswith(CUSTOMERS):
        return True
    return request.scope["method"] not in SAFE and request.scope["path"] in BEGINS


def _of_headers(request: HTTPConnection) -> tuple[str, bool] | None:
    """The credential of a header, and whether it is a bearer's; raises `CredentialInvalid`."""
    authorizations, keys = (request.headers.getlist(name) for name in ("authorization", "x-api-key"))
    if len(authorizations) + len(keys) > 1:
        raise CredentialInvalid("The request has two credentials.", hint=_HINT)
    if keys:
        return _checked(keys[0]), False
    if not authorizations:
        return None
    scheme, _, text = authorizations[0].partition(" ")
    if scheme.lower() != "bearer":
        raise CredentialInvalid("The Authorization header is none that is understood.", hint=_HINT)
    return _checked(text.strip()), True


def _checked(text: str) -> str:
    if not text or len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise CredentialInvalid("The credential has not the form of one.", hint=_HINT)
    return text


def _is_near(request: HTTPConnection) -> bool:
    """Whether a request comes from this machine itself, by all that it shows."""
    peer = request.client.host if request.client else ""
    host = (request.url.hostname or "").strip("[]")
    seen = request.scope.get("state", {}).get("proxied", False)  # where such headers were taken away
    proxied = seen or any(name in request.headers for name in _PROXIED)
    return is_loopback(peer) and is_loopback(host) and not proxied
