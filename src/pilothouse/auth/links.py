"""The link by which the first admin signs in: shown on this machine, good once, for a quarter of an hour."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from urllib.parse import urlencode

import structlog

from pilothouse.auth.errors import LinkUsed
from pilothouse.auth.repository import AuthRepository
from pilothouse.auth.sessions import digest_of
from pilothouse.auth.tables import SignInLinkRow
from pilothouse.kit.clock import Clock
from pilothouse.kit.session import Database
from pilothouse.people.schemas import Standing
from pilothouse.people.service import SignIn

log = structlog.get_logger(__name__)

LASTS = dt.timedelta(minutes=15)
PATH = "/sign-in"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInLinks:
    """Makes links and redeems them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep digests of them in `database`."""
        self._database = database
        self._clock = clock

    async def new(self, url: str, following: str | None = None) -> str:
        """A new link to the server at `url`, which leads on to `following`, a path there."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._database.maintenance() as session:
            found = AuthRepository(session)
            await found.tidy(now)
            await found.add(SignInLinkRow(digest=digest_of(token), created_at=now, expires_at=now + LASTS))
        onwards = "" if following is None else "&" + urlencode({"next": following})
        return f"{url.rstrip('/')}{PATH}?token={token}{onwards}"

    async def redeem(self, token: str, sign_in: SignIn) -> Standing:
        """The standing of the first admin, who is made where there is none; raises `LinkUsed`."""
        used = False
        if _TOKEN.fullmatch(token):
            async with self._database.maintenance() as session:
                used = await AuthRepository(session).use_link(digest_of(token), self._clock.now())
        if not used:
            raise LinkUsed(hint="`pilothouse sign-in` prints a new one.")
        log.info("sign_in_link_redeemed")
        return await sign_in.first_admin()

    async def wanted(self) -> bool:
        """Whether nobody has ever signed in, so that a start says how to."""
        async with self._database.maintenance() as session:
            return not await AuthRepository(session).anybody_came()
