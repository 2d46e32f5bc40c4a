"""The rules of people, as other domains know them: `SignIn` before there is a scope, the rest within one."""

from pilothouse.people.errors import (
    IdentityConflict,
    LockedOut,
    PasswordRefused,
    PasswordWrong,
    SignInFailed,
    TotpRequired,
)
from pilothouse.people.lockout import Lockout
from pilothouse.people.passwords import Passwords
from pilothouse.people.signing_in import SignIn

__all__ = [
    "IdentityConflict",
    "LockedOut",
    "Lockout",
    "PasswordRefused",
    "PasswordWrong",
    "Passwords",
    "SignIn",
    "SignInFailed",
    "TotpRequired",
]
