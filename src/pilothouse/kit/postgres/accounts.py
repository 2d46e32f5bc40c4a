"""The operating-system user that the server runs as: this one, or for root an unprivileged one of its own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from pilothouse.kit.postgres.errors import OWN_SERVER, NoServerAccount

DEFAULT_NAME = "pilothouse"
_FOLDERS = "/usr/sbin:/sbin"  # where useradd is, also if PATH leaves them out
_SHARED = frozenset({"nobody", "nfsnobody", "daemon"})  # other services run as these too


@dataclass(frozen=True)
class Account:
    """A user of the operating system: name, user id and primary group id."""

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether this process runs as this user already."""
        return self.uid == os.geteuid()


def me() -> Account:
    """The user that this process runs as. Raises `NoServerAccount` if its id has no name (peer needs one)."""
    return of_uid(os.geteuid())


def of_uid(uid: int) -> Account:
    """The user with id `uid`. Raises `NoServerAccount` if there is none of that id."""
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise NoServerAccount(
            f"The operating-system user with id {uid} has no name, which PostgreSQL needs to know it by.",
            hint=f"Add a line for it to /etc/passwd, run as another user, or {OWN_SERVER}",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def server_account(name: str | None = None) -> Account:
    """The user for a new cluster: this one, or for root the one called `name`, made if it is missing.

    `name` defaults to `pilothouse`. Raises `NoServerAccount` if it cannot be made, is root, or is an
    account that unrelated services share (`nobody`): those could then read the data.
    """
    if os.geteuid() != 0:
        return me()
    name = name or DEFAULT_NAME
    account = _named(name) or _made(name)
    if account.uid == 0 or name in _SHARED:
        raise NoServerAccount(
            f"PostgreSQL may not run as {name}: "
            + ("it refuses to be root." if account.uid == 0 else "other services share that user."),
            hint="Name a user that is there for the database alone.",
        )
    return account


def _named(name: str) -> Account | None:
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _made(name: str) -> Account:
    from pilothouse.kit.postgres.programs import run

    hint = f"Create a system user called {name}, run as an ordinary user, or {OWN_SERVER}"
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:{_FOLDERS}")
    if useradd is None:
        raise NoServerAccount(
            f"PostgreSQL does not run as root, there is no user {name}, and no useradd to make it.",
            hint=hint,
        )
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    result = run([useradd, *options, "--shell", "/usr/sbin/nologin", name])
    account = _named(name)
    if account is None:
        raise NoServerAccount(
            f"PostgreSQL does not run as root, and useradd could not make the user {name}: "
            f"{result.stderr.strip() or f'exit code {result.returncode}'}.",
            hint=hint,
        )
    return account
