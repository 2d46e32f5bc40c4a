"""What crosses the API about people, and what other domains learn of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit import text
from pilothouse.kit.numbers import Truth
from pilothouse.policies.schemas import Role

LONGEST_ADDRESS = 254
"""Characters of an e-mail address (RFC 5321, section 4.5.3.1.3, less the angle brackets)."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1_024


@dataclass(frozen=True)
class Standing:
    """What a person is allowed to be at this moment: whose scope a session or a token has.

    `active`: neither the person is disabled nor the tenant suspended. Sessions and tokens from before
    `sessions_valid_from` are ended. `local`: there is a password; `second_factor`: and an authenticator.
    """

    person_id: UUID
    tenant_id: str
    roles: frozenset[str]
    name: str
    active: bool
    sessions_valid_from: dt.datetime
    locale: str | None = None
    local: bool = True
    second_factor: bool = False

    @property
    def principal(self) -> str:
        """The person as a principal."""
        return f"person:{self.person_id}"


class Status(StrEnum):
    """Whether a person can sign in: `invited` until a password was set or an identity has come."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


Address = Annotated[
    str,
    Field(
        min_length=3,
        max_length=LONGEST_ADDRESS,
        description="An e-mail address.",
        json_schema_extra={"format": "email"},
    ),
]
Name = Annotated[text.Name, Field(description="What a person is called.")]
Password = Annotated[
    str,
    Field(
        max_length=LONGEST_PASSWORD,
        description=f"At least {SHORTEST_PASSWORD} characters, and none of those that are guessed first.",
        json_schema_extra={"format": "password"},
    ),
]
Locale = Annotated[
    str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", examples=["de-CH"])
]
Roles = Annotated[list[Role], Field(max_length=50, description="What the person may do; none: nothing.")]
Token = Annotated[str, Field(min_length=1, max_length=512, description="The part of a link behind the `#`.")]
Code = Annotated[
    str,
    Field(
        min_length=6,
        max_length=40,
        pattern=r"^[0-9A-Za-z -]+$",
        description="The six digits that the authenticator shows, or a recovery code.",
    ),
]


class _Given(BaseModel):
    """What a client gives: nothing beyond what is named here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Person(_Shown):
    """A person of a tenant."""

    id: UUID
    email: str | None
    name: str
    roles: list[str]
    status: Status
    locale: str | None
    second_factor: bool = Field(description="Whether an authenticator is asked for at sign-in.")
    issuer: str | None = Field(description="Who vouches for the person; none where a password does.")
    last_signed_in_at: dt.datetime | None
    created_at: dt.datetime


class Invite(_Given):
    """Whom to invite, and in which roles."""

    email: Address
    name: Name | None = None
    roles: Roles
    locale: Locale | None = None


class Reset(_Given):
    """What a reset takes away besides the password and all sessions."""

    second_factor: Annotated[bool, Field(description="The authenticator, too: it was lost."), Truth] = False


class RolesEdit(_Given):
    """The roles that a person has from now on, in place of those before."""

    roles: Roles


class Linked(_Shown):
    """A person, and the link that was made: sent by e-mail, or shown here where no mail is set up."""

    person: Person
    sent: bool
    link: str | None = Field(description="Hand it over in confidence. It is valid once.")
    expires_at: dt.datetime


class Me(_Shown):
    """Who asks: a person, a key or whoever works on this machine."""

    principal: str
    tenant_id: str
    roles: list[str]
    permissions: list[str] = Field(description="What these roles allow.")
    engagement_id: UUID | None
    person: Person | None


class SelfEdit(_Given):
    """What people change of themselves; what is not named stays as it is."""

    name: Name | None = None
    locale: Locale | None = None


class PasswordChange(_Given):
    """The present password, and the next one. `current` is left out by whoever has none."""

    current: Password | None = None
    new: Password


class Confirmation(_Given):
    """The present password, left out by whoever has none."""

    password: Password | None = None


class Enrolment(_Shown):
    """What an authenticator needs to know. It is asked for from the moment it is confirmed."""

    secret: str = Field(description="To type, where nothing can be scanned.")
    uri: str = Field(description="As a QR code: what authenticators scan.")


class CodeGiven(_Given):
    """A code of the authenticator."""

    code: Code


class Removal(_Given):
    """The authenticator is not asked for any more; say the present password, and a last code."""

    password: Password | None = None
    code: Code


class RecoveryCodes(_Shown):
    """Each is good for one sign-in without the authenticator. They are not shown again."""

    codes: list[str]


class Acceptance(_Given):
    """An invitation is accepted: with a password, and with a name if another one is wanted."""

    token: Token
    password: Password
    name: Name | None = None


class RecoveryRequest(_Given):
    """For whom a link is to be sent with which to set a new password."""

    email: Annotated[str, Field(min_length=1, max_length=LONGEST_ADDRESS)]
    tenant_id: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = None


class PasswordReset(_Given):
    """A new password, by a link that was sent."""

    token: Token
    password: Password
