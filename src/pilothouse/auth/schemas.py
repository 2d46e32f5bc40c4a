"""What crosses the API about signing in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.people.schemas import LONGEST_ADDRESS, LONGEST_PASSWORD

Email = Annotated[str, Field(min_length=1, max_length=LONGEST_ADDRESS)]
Password = Annotated[
    str, Field(min_length=1, max_length=LONGEST_PASSWORD, json_schema_extra={"format": "password"})
]
Code = Annotated[
    str, Field(max_length=40, description="The six digits of the authenticator, or a recovery code.")
]
TenantId = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,62}$", description="For those whose address is known in several tenants."
    ),
]
RefreshText = Annotated[str, Field(min_length=1, max_length=512)]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Credentials(_Given):
    """With what somebody signs in."""

    email: Email
    password: Password
    totp: Code | None = None
    tenant_id: TenantId | None = None


class SessionShown(_Shown):
    """One's session."""

    id: UUID
    principal: str
    tenant_id: str
    roles: list[str]
    name: str
    csrf_token: str = Field(description="Send it as `X-CSRF-Token` with everything that changes something.")
    expires_at: dt.datetime = Field(
        description="It ends then at the latest, and earlier where it is not used."
    )


class OwnSession(_Shown):
    """One of one's sessions, of a browser or of a program."""

    id: UUID
    kind: Literal["browser", "program"]
    by: Literal["password", "identity", "link"]
    agent: str = Field(description="What the browser or program has called itself.")
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime
    current: bool = Field(description="Whether this request was made in it.")


class OwnSessions(_Shown):
    """One's sessions that are not over, the newest first."""

    items: list[OwnSession]


class SignedOut(_Shown):
    """The session is over."""

    identity_logout_url: str | None = Field(
        description="Where the browser signs out of the identity provider, too; none without one."
    )


class TokenRequest(_Given):
    """A password, or a refresh token that was not used yet."""

    grant_type: Literal["password", "refresh_token"]
    email: Email | None = None
    password: Password | None = None
    totp: Code | None = None
    tenant_id: TenantId | None = None
    refresh_token: RefreshText | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> TokenRequest:
        by_password = self.email is not None and self.password is not None and self.refresh_token is None
        others = (self.email, self.password, self.totp, self.tenant_id)
        by_token = self.refresh_token is not None and all(item is None for item in others)
        if not (by_password if self.grant_type == "password" else by_token):
            message = (
                "needs email and password" if self.grant_type == "password" else "needs refresh_token alone"
            )
            raise ValueError(message)
        return self


class TokenPair(_Shown):
    """What a program works with: the access token as `Authorization: Bearer`, the refresh token once."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(description="Seconds for which the access token holds.")
    refresh_token: str
    refresh_expires_at: dt.datetime


class Revocation(_Given):
    """A refresh token whose whole family is to end."""

    token: RefreshText


class KeyDocument(_Shown):
    """The public keys of access tokens (RFC 7517)."""

    keys: list[dict[str, str]]
