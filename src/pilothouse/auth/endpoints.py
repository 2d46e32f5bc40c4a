"""Signing in over HTTP: sessions for browsers, tokens for programs."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from pilothouse.auth.schemas import (
    Credentials,
    KeyDocument,
    OwnSessions,
    Revocation,
    SessionShown,
    SignedOut,
    TokenPair,
    TokenRequest,
)
from pilothouse.auth.service import Authentications
from pilothouse.auth.sessions import Begun, Came, scope_of
from pilothouse.errors import NotFound
from pilothouse.kit.problems import documented
from pilothouse.kit.scope import Scope, request_scope
from pilothouse.routing import Endpoints

Scoped = Annotated[Scope, Depends(request_scope)]


def routes(auth: Authentications) -> Endpoints:
    """The endpoints below /auth."""
    router = Endpoints(prefix="/auth", tags=["sign-in"])

    @router.post("/sign-in", responses=documented(400, 401, 429, 503))
    async def sign_in(given: Credentials, request: Request, response: Response) -> SessionShown:
        """Begin a session with a password, in place of the browser's. Its cookies come with the answer."""
        instead = auth.cookies.session_of(request)
        begun = await auth.by_password(given, address_of(request), agent_of(request), instead)
        await keep(auth, begun, response)
        return await auth.shown(_came(begun))

    @router.get("/session", responses=documented(404))
    async def show_session(_scope: Scoped, request: Request) -> SessionShown:
        """Show the session of this browser, with its CSRF token."""
        came = await auth.credentials.session(request)
        if came is None:
            raise NotFound("This request is made without a session.")
        return await auth.shown(came)

    @router.post("/sign-out")
    async def sign_out(scope: Scoped, response: Response) -> SignedOut:
        """End this session."""
        auth.cookies.end(response)
        return await auth.sign_out(scope, everywhere=False)

    @router.post("/sign-out-everywhere")
    async def sign_out_everywhere(scope: Scoped, response: Response) -> SignedOut:
        """End all of one's sessions, those of programs, too."""
        auth.cookies.end(response)
        return await auth.sign_out(scope, everywhere=True)

    @router.get("/sessions")
    async def list_own_sessions(scope: Scoped) -> OwnSessions:
        """List one's sessions."""
        return OwnSessions(items=list(await auth.sessions.own(scope)))

    @router.delete("/sessions/{session_id}", status_code=204, responses=documented(400, 404))
    async def end_own_session(scope: Scoped, session_id: UUID) -> None:
        """End one of one's sessions."""
        await auth.sessions.end_own(scope, session_id)
        auth.credentials.forget()

    @router.post("/token", responses=documented(400, 401, 429, 503))
    async def issue_token(asked: TokenRequest, request: Request) -> TokenPair:
        """Get an access token for a password or a refresh token, which is good once."""
        return await auth.grants.grant(asked, address_of(request), agent_of(request))

    @router.post("/revoke", status_code=204, responses=documented(400))
    async def revoke_token(revocation: Revocation) -> None:
        """End what came of a refresh token. The answer is the same where there is no such token."""
        await auth.grants.revoke(revocation.token)
        auth.credentials.forget()

    return router


def well_known(auth: Authentications) -> Endpoints:
    """What others look up."""
    router = Endpoints(prefix="/.well-known", tags=["sign-in"])

    @router.get("/jwks.json")
    async def show_signing_keys(response: Response) -> KeyDocument:
        """Show the public keys of access tokens (RFC 7517)."""
        response.headers["cache-control"] = "public, max-age=300"
        return KeyDocument(keys=await auth.tokens.public())

    return router


async def keep(auth: Authentications, begun: Begun, response: Response) -> None:
    """Have the browser keep a session."""
    seconds = int((begun.expires_at - auth.sessions.now()).total_seconds())
    auth.cookies.begin(response, begun.value, await auth.csrf.of(begun.digest), seconds)


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


def agent_of(request: Request) -> str:
    """What a browser or program calls itself."""
    return request.headers.get("user-agent", "")


def _came(begun: Begun) -> Came:
    return Came(scope_of(begun.standing, begun.id), begun.digest, begun.expires_at, begun.standing.name)
