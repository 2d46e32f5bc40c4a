"""Sessions of browsers: made at sign-in, ended by their owner, by being idle, or by age."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeGuard
from uuid import UUID

import structlog

from pilothouse.auth.errors import CredentialInvalid
from pilothouse.auth.repository import AuthRepository
from pilothouse.auth.schemas import OwnSession
from pilothouse.auth.tables import SessionRow
from pilothouse.errors import NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.people.schemas import Standing
from pilothouse.people.service import SignIn

log = structlog.get_logger(__name__)

NOTED_EVERY = dt.timedelta(minutes=1)
"""The time between two notes that a session was used."""
LONGEST_AGENT = 100

_ID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Lasting:
    """How long sessions last: unused, a browser's at the most, and a program's family of refresh tokens."""

    idle: dt.timedelta
    longest: dt.timedelta
    program: dt.timedelta


@dataclass(frozen=True)
class Begun:
    """A session that has begun: what the browser keeps (`value`), and what is known of it."""

    id: UUID
    digest: bytes
    expires_at: dt.datetime
    standing: Standing
    value: str = field(repr=False)


@dataclass(frozen=True)
class Came:
    """In whose scope a session's requests are served."""

    scope: Scope
    digest: bytes
    expires_at: dt.datetime
    name: str


class Sessions:
    """The sessions of everybody. Looks them up in the database each time; others may believe it shortly."""

    def __init__(self, database: Database, sign_in: SignIn, lasting: Lasting, clock: Clock, ids: Ids) -> None:
        """Keep sessions in `database`; `sign_in` says what their owners may do at this moment."""
        self._database = database
        self._sign_in = sign_in
        self._lasting = lasting
        self._clock = clock
        self._ids = ids

    async def begin(
        self, standing: Standing, by: str, agent: str, kind: str = "browser", *, instead: str | None = None
    ) -> Begun:
        """A new session. Its id is 256 random bits, of which only a digest is kept.

        The session whose id a browser has sent (`instead`) ends with that, whosever it was.
        """
        now, value = self._clock.now(), secrets.token_urlsafe(32)
        lasts = self._lasting.longest if kind == "browser" else self._lasting.program
        row = SessionRow(
            id=self._ids.new(),
            tenant_id=standing.tenant_id,
            person_id=standing.person_id,
            kind=kind,
            digest=digest_of(value) if kind == "browser" else None,
            by=by,
            agent=_tidy(agent),
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
        )
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            await found.tidy(now)
            replaced = await found.replace(digest_of(instead), now) if _is_id(instead) else ()
            await found.add(row)
        if replaced:
            log.info("session_replaced", session_id=str(replaced[0]), by=str(row.id))
        log.info("session_begun", session_id=str(row.id), person_id=str(row.person_id), kind=kind, by=by)
        return Begun(row.id, row.digest or b"", row.expires_at, standing, value)

    async def came(self, value: str, *, used: bool = True) -> Came | None:
        """Who comes with a browser's session; None where it is over, or never was.

        Where it is `used`, that is noted once a minute.
        """
        if not _is_id(value):
            return None
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            row = await found.by_digest(digest_of(value))
            if row is None or self._is_over(row):
                return None
            now = self._clock.now()
            if used and now - row.seen_at >= NOTED_EVERY:
                await found.seen(row.id, now)
        standing = await self.standing(row)
        if standing is None:
            return None
        return Came(scope_of(standing, row.id), digest_of(value), row.expires_at, standing.name)

    async def of_program(self, session_id: UUID) -> Scope:
        """In whose scope a program's access token of this session works; raises `CredentialInvalid`."""
        async with self._database.maintenance() as session:
            row = await AuthRepository(session).by_id(session_id)
        if row is None or row.kind != "program" or self._is_over(row):
            raise CredentialInvalid("The token was revoked.")
        standing = await self.standing(row)
        if standing is None:
            raise CredentialInvalid("The token was revoked.")
        return scope_of(standing, row.id)

    async def standing(self, row: SessionRow) -> Standing | None:
        """What the owner of a session may do at this moment; None where that ends the session."""
        standing = await self._sign_in.standing(row.person_id)
        if standing is None or not standing.active or standing.tenant_id != row.tenant_id:
            return None
        return standing if row.created_at >= standing.sessions_valid_from else None

    async def own(self, scope: Scope) -> Sequence[OwnSession]:
        """The sessions of who asks, the newest first; none for a key."""
        if scope.person_id is None:
            return []
        async with self._database.maintenance() as session:
            rows = await AuthRepository(session).of_person(
                scope.tenant_id, scope.person_id, self._clock.now()
            )
        return [_shown(row, scope) for row in rows if not self._is_over(row)]

    async def end_own(self, scope: Scope, session_id: UUID | None = None) -> int:
        """End a session of who asks, or all of them; raises `NotFound` for one that is not theirs."""
        if scope.person_id is None and session_id is None:
            return 0
        ended: Sequence[UUID] = []
        if scope.person_id is not None:
            async with self._database.maintenance() as session:
                ended = await AuthRepository(session).end(
                    scope.tenant_id, scope.person_id, self._clock.now(), session_id
                )
        if session_id is not None and not ended:
            raise NotFound(f"You have no session {session_id}.")
        log.info("sessions_ended", principal=scope.principal, sessions=[str(item) for item in ended])
        return len(ended)

    async def end_session_of(self, scope: Scope) -> None:
        """End the session in which a request is made, if it has not ended meanwhile."""
        if scope.session_id is not None:
            with suppress(NotFound):
                await self.end_own(scope, UUID(scope.session_id))

    def now(self) -> dt.datetime:
        """The present moment, by which sessions end."""
        return self._clock.now()

    def _is_over(self, row: SessionRow) -> bool:
        now = self._clock.now()
        idle = row.kind == "browser" and now - row.seen_at >= self._lasting.idle + NOTED_EVERY
        return row.ended_at is not None or row.expires_at <= now or idle


def scope_of(standing: Standing, session_id: UUID) -> Scope:
    """The scope of a person in a session."""
    return Scope(standing.tenant_id, standing.principal, standing.roles, session_id=str(session_id))


def digest_of(value: str) -> bytes:
    """What is kept of a random value: it cannot be guessed, so that no slow hash is needed."""
    return hashlib.sha256(value.encode()).digest()


def _is_id(value: str | None) -> TypeGuard[str]:
    return value is not None and _ID.fullmatch(value) is not None


def _tidy(agent: str) -> str:
    return "".join(character for character in agent[:LONGEST_AGENT] if character.isprintable())


def _shown(row: SessionRow, scope: Scope) -> OwnSession:
    return OwnSession.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "by": row.by,
            "agent": row.agent,
            "created_at": row.created_at,
            "seen_at": row.seen_at,
            "expires_at": row.expires_at,
            "current": str(row.id) == scope.session_id,
        }
    )
