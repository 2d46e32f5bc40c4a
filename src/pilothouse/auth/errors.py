"""What goes wrong where somebody comes with a credential."""

from __future__ import annotations

from pilothouse.errors import Forbidden, InvalidInput, Unauthenticated


class CredentialInvalid(Unauthenticated):
    """The credential is not, or no longer, valid."""

    code = "credential_invalid"

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """The challenge tells programs what would be taken (RFC 6750, section 3)."""
        super().__init__(message, hint=hint)
        self.headers = {"www-authenticate": 'Bearer error="invalid_token"'}


class TokenReused(CredentialInvalid):
    """The refresh token was used before: everything that came of it is ended."""

    code = "token_reused"


class CsrfRefused(Forbidden):
    """A browser's session changes nothing without its CSRF token."""

    code = "csrf_refused"


class IdentityRefused(Unauthenticated):
    """The identity provider does not vouch for anybody in a way that holds here."""

    code = "identity_refused"


class LinkUsed(InvalidInput):
    """The sign-in link is not valid: it was used, or it has expired."""

    code = "sign_in_link_invalid"
