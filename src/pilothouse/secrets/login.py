"""The password of the database's login: handed to libpq in a file, so that new connections take a new one.

The connection string names the file and holds no password. libpq reads it for every connection, and so do
`pg_dump` and the migrations.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pilothouse.errors import PilothouseError
from pilothouse.kit.connecting import connect
from pilothouse.kit.secret import Secret
from pilothouse.secrets.errors import NotRotatable
from pilothouse.secrets.providers.files import write_privately
from pilothouse.secrets.repository import set_password
from pilothouse.secrets.service import Secrets

log = structlog.get_logger(__name__)

NAME = "database_password"
FILE = ".database_password"
"""The file within the folder for secrets of this machine; it begins as no secret's does."""

LOOK_EVERY = 15.0
"""Seconds between two looks at whether there is a new password."""


class Login:
    """Keeps the file in `folder` at the newest version of the secret `database_password`."""

    def __init__(self, secrets: Secrets, folder: Path) -> None:
        self.file = folder / FILE
        self._secrets = secrets
        self._written: str | None = None

    async def applied(self, conninfo: str) -> str:
        """`conninfo` with the file, which is written; unchanged where it says a password, or no secret does.

        Raises `SecretsUnavailable`.
        """
        if says_password(conninfo) or not await self.look():
            return conninfo
        return make_conninfo(conninfo, passfile=str(self.file))

    async def look(self) -> bool:
        """Write the file anew where the secret has changed; returns whether there is such a secret."""
        if await self._secrets.provider_of(NAME) is None:
            return False
        newest = (await self._secrets.versions(NAME))[0]
        if newest.version != self._written:
            await asyncio.to_thread(write_password, self.file, newest)
            self._written = newest.version
        return True

    async def keep(self) -> None:
        """Look again and again, until cancelled. A place that does not answer is asked again."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._secrets.forget(NAME)
            try:
                await self.look()
            except PilothouseError as error:
                log.warning("database_password_not_read", reason=error.message)


class PasswordHook:
    """Gives the login another password when the secret is rotated; `direct` leads past any pooler."""

    undone = True

    def __init__(self, direct: str, folder: Path) -> None:
        self._direct = direct
        self._file = folder / FILE

    async def rotated(self, newest: Secret) -> str:
        """Change the role's password. The server is sent a verifier: its own log does not have the password.

        Raises `NotRotatable` where the connection string says the password itself.
        """
        if conninfo_to_dict(self._direct).get("password"):
            raise NotRotatable(
                "The database's URL holds the password itself.",
                hint=f"Take it out of PILOTHOUSE_DATABASE_URL and keep it as the secret {NAME}.",
            )
        async with await connect(self._direct, "secrets", autocommit=True) as connection:
            user = connection.info.user
            verifier = connection.pgconn.encrypt_password(
                newest.reveal(), user.encode(), b"scram-sha-256"
            ).decode()
            await set_password(connection, user, verifier)
        await asyncio.to_thread(write_password, self._file, newest)
        return f"the role {user} has it; other processes take it within {LOOK_EVERY:g} s"

    async def needed(self, version: str) -> str | None:
        """Old passwords do not work any more."""
        return None


def says_password(conninfo: str) -> bool:
    """Whether a connection string says a password, or where one is."""
    said = conninfo_to_dict(conninfo)
    return "password" in said or "passfile" in said


def write_password(file: Path, secret: Secret) -> None:
    """Write a password file as libpq reads it: whatever is connected to, this is the password."""
    escaped = secret.reveal().replace(b"\\", b"\\\\").replace(b":", b"\\:")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_privately(file, b"*:*:*:*:" + escaped + b"\n")
