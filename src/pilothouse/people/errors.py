"""What goes wrong with people and their signing in. No message says whether somebody is known here."""

from __future__ import annotations

import math

from pilothouse.errors import Category, Conflict, Forbidden, InvalidInput, LimitExceeded, Unauthenticated


class SignInFailed(Unauthenticated):
    """The address, the password or the code is not right."""

    code = "sign_in_failed"

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """Whatever the reason is, the message is the same."""
        super().__init__(
            message,
            hint=hint
            or "Try again, or have a link sent with which to set a new password. "
            "Whoever belongs to several tenants names one.",
        )


class TotpRequired(Unauthenticated):
    """The password is right; the code of the authenticator is needed, too."""

    code = "totp_required"


class LockedOut(LimitExceeded):
    """There were too many failed attempts."""

    code = "locked_out"

    def __init__(self, seconds: float) -> None:
        """It lasts for so many more `seconds`."""
        super().__init__(hint="Wait as long as Retry-After says, or set a new password by e-mail.")
        self.retry_after = max(1, math.ceil(seconds))
        self.headers = {"retry-after": str(self.retry_after)}


class PasswordRefused(InvalidInput):
    """The password is not fit to be one."""

    code = "password_refused"


class LinkInvalid(InvalidInput):
    """The link is not valid: it was used, has expired, or is not whole."""

    code = "link_invalid"


class RoleNotYours(Forbidden):
    """Nobody gives, takes or looks after roles that they do not have."""

    code = "role_not_yours"


class LastAdmin(Conflict):
    """The last admin of a tenant stays one."""

    code = "last_admin"


class PersonExists(Conflict):
    """There is a person with this address."""

    code = "person_exists"


class IdentityConflict(Conflict):
    """The address belongs to a person who signs in another way."""

    code = "identity_conflict"


class PasswordWrong(Forbidden):
    """The present password is not right."""

    code = "password_wrong"
    category = Category.USER
