"""The rules of signing in, as one part: what a server needs for it."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.auth.cookies import Cookies
from pilothouse.auth.credentials import Credentials
from pilothouse.auth.csrf import Csrf
from pilothouse.auth.grants import Grants
from pilothouse.auth.identities import Identities
from pilothouse.auth.links import SignInLinks
from pilothouse.auth.schemas import Credentials as Given
from pilothouse.auth.schemas import SessionShown, SignedOut
from pilothouse.auth.sessions import Begun, Came, Sessions
from pilothouse.auth.tokens import Tokens
from pilothouse.kit.outgoing import GuardedClient
from pilothouse.kit.scope import Scope
from pilothouse.people.schemas import Standing
from pilothouse.people.service import SignIn

__all__ = ["Authentications", "Credentials", "SignInLinks"]


@dataclass(frozen=True)
class Authentications:
    """Everything of a server by which somebody signs in, and is known again."""

    sign_in: SignIn
    sessions: Sessions
    tokens: Tokens
    grants: Grants
    links: SignInLinks
    csrf: Csrf
    cookies: Cookies
    credentials: Credentials
    identities: Identities | None
    outgoing: GuardedClient
    origin: str

    async def by_password(self, given: Given, address: str, agent: str, instead: str | None = None) -> Begun:
        """A browser's session for a password; raises what `SignIn.check_password` raises.

        It replaces the session whose id the browser has sent (`instead`).
        """
        standing = await self.sign_in.check_password(
            given.email, given.password, given.totp, given.tenant_id, address
        )
        return await self.begin(standing, "password", agent, instead)

    async def by_link(self, token: str, agent: str, instead: str | None = None) -> Begun:
        """A browser's session for the link of this machine, as `by_password`; raises `LinkUsed`."""
        return await self.begin(await self.links.redeem(token, self.sign_in), "link", agent, instead)

    async def begin(self, standing: Standing, by: str, agent: str, instead: str | None) -> Begun:
        """A browser's session in place of the one that it has, which is refused from now on."""
        begun = await self.sessions.begin(standing, by, agent, instead=instead)
        if instead is not None:
            self.credentials.forget()
        return begun

    async def sign_out(self, scope: Scope, *, everywhere: bool) -> SignedOut:
        """End the session of a request, or all sessions of its person."""
        if everywhere:
            await self.sessions.end_own(scope)
        elif scope.session_id is not None and scope.person_id is not None:
            await self.sessions.end_session_of(scope)
        self.credentials.forget()
        url = None
        if self.identities is not None:
            url = await self.identities.logout_url(self.origin)
        return SignedOut(identity_logout_url=url)

    async def shown(self, came: Came) -> SessionShown:
        """A session as its browser sees it."""
        return SessionShown.model_validate(
            {
                "id": came.scope.session_id,
                "principal": came.scope.principal,
                "tenant_id": came.scope.tenant_id,
                "roles": sorted(came.scope.roles),
                "name": came.name,
                "csrf_token": await self.csrf.of(came.digest),
                "expires_at": came.expires_at,
            }
        )

    async def prepare(self) -> None:
        """Make the token of this machine, so that its programs find it."""
        await self.credentials.prepare()

    async def close(self) -> None:
        """Close the connections to others."""
        await self.outgoing.close()
