"""Tokens for programs: a password opens a family of refresh tokens, each good once (RFC 9700, section 4.14).

Where a token comes a second time, somebody has stolen one: nobody can say who, so the whole family ends.
"""

from __future__ import annotations

import secrets

import structlog

from pilothouse.auth.errors import CredentialInvalid, TokenReused
from pilothouse.auth.repository import AuthRepository
from pilothouse.auth.schemas import TokenPair, TokenRequest
from pilothouse.auth.sessions import Sessions, digest_of
from pilothouse.auth.tables import RefreshRow, SessionRow
from pilothouse.auth.tokens import LASTS, Tokens
from pilothouse.kit.clock import Clock
from pilothouse.kit.session import Database
from pilothouse.people.schemas import Standing
from pilothouse.people.service import SignIn

log = structlog.get_logger(__name__)

PREFIX = "ph_refresh_"


class Grants:
    """Gives tokens for passwords and refresh tokens."""

    def __init__(
        self, database: Database, sign_in: SignIn, sessions: Sessions, tokens: Tokens, clock: Clock
    ) -> None:
        """Keep families as sessions of programs in `database`."""
        self._database = database
        self._sign_in = sign_in
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock

    async def grant(self, asked: TokenRequest, address: str, agent: str) -> TokenPair:
        """A pair of tokens; raises what `SignIn.check_password` raises, or as `refresh`."""
        if asked.refresh_token is not None:
            return await self._refresh(asked.refresh_token)
        standing = await self._sign_in.check_password(
            asked.email or "", asked.password or "", asked.totp, asked.tenant_id, address
        )
        begun = await self._sessions.begin(standing, "password", agent, "program")
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            row = await found.by_id(begun.id)
            if row is None:
                raise CredentialInvalid("The session was ended a moment ago.")
            text = await self._new(found, row)
        return await self._pair(row, text)

    async def revoke(self, token: str) -> None:
        """End the family of a refresh token; what is none ends nothing, and that is not told."""
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            known = await found.refresh_token(digest_of(token))
            row = await found.by_id(known.session_id) if known else None
            if row is not None:
                await found.end(row.tenant_id, row.person_id, self._clock.now(), row.id)
                log.info("tokens_revoked", session_id=str(row.id))

    async def _refresh(self, token: str) -> TokenPair:
        """A new pair for a refresh token.

        Raises `CredentialInvalid`, and `TokenReused` for one that was used before.
        """
        now, standing = self._clock.now(), await self._standing(token)
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            known = await found.refresh_token(digest_of(token))
            row = await found.by_id(known.session_id, locked=True) if known else None
            if known is None or row is None or row.ended_at is not None or row.expires_at <= now:
                raise CredentialInvalid("The refresh token is not valid.", hint="Sign in again.")
            reused = known.used_at is not None
            text = ""
            if reused:
                await found.end(row.tenant_id, row.person_id, now, row.id)
            elif standing is not None:
                known.used_at = now
                row.seen_at = now
                text = await self._new(found, row)
        if reused:
            log.warning("refresh_token_reused", session_id=str(row.id), person_id=str(row.person_id))
            raise TokenReused(hint="Sign in again, and find out who else had it.")
        if not text:
            raise CredentialInvalid("The refresh token is not valid.", hint="Sign in again.")
        return await self._pair(row, text)

    async def _standing(self, token: str) -> Standing | None:
        """Of whose session a refresh token is; nobody waits for a second connection while holding one."""
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            known = await found.refresh_token(digest_of(token))
            row = await found.by_id(known.session_id) if known else None
        return None if row is None else await self._sessions.standing(row)

    async def _new(self, found: AuthRepository, row: SessionRow) -> str:
        text = PREFIX + secrets.token_urlsafe(32)
        made = RefreshRow(
            digest=digest_of(text), tenant_id=row.tenant_id, session_id=row.id, created_at=self._clock.now()
        )
        await found.add(made)
        return text

    async def _pair(self, row: SessionRow, text: str) -> TokenPair:
        return TokenPair(
            access_token=await self._tokens.issue(row.id, f"person:{row.person_id}", row.tenant_id),
            expires_in=int(LASTS.total_seconds()),
            refresh_token=text,
            refresh_expires_at=row.expires_at,
        )
