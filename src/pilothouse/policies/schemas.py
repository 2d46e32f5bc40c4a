"""The names of roles and permissions, and what a decision says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pilothouse.policies.permissions import PERMISSIONS
from pilothouse.runtime.questions import ROLE_NAME

ROLES = ("viewer", "operator", "approver", "author", "admin")
"""The roles with rules of their own. Besides there is `approver:<name>` for questions that name a role."""

RULED = ("viewer", "operator", "approver", "approver:privacy", "author", "admin")
"""The roles of which the rules say something: those, and the named approvers who may do more than others."""

ROLE_PATTERN = rf"^(viewer|operator|author|admin|approver(:{ROLE_NAME})?)$"

Role = Annotated[str, Field(pattern=ROLE_PATTERN, examples=["operator"])]


def _known(permission: str) -> str:
    if permission not in PERMISSIONS:
        message = f"is no permission: there are {', '.join(sorted(PERMISSIONS))}"
        raise ValueError(message)
    return permission


Permission = Annotated[
    str,
    Field(max_length=64, examples=["runs:read"], json_schema_extra={"enum": sorted(PERMISSIONS)}),
    AfterValidator(_known),
]


class RoleShown(BaseModel):
    """What a role allows: everywhere, and besides in the tenant that looks after the installation."""

    model_config = ConfigDict(frozen=True)

    name: str
    permissions: list[str]
    at_home: list[str]


class RolesShown(BaseModel):
    """The roles of which the rules say something. Any other named approver may do what `approver` may."""

    model_config = ConfigDict(frozen=True)

    items: list[RoleShown]


@dataclass(frozen=True)
class Decision:
    """What the policies say of one request.

    `policies` are the ids of those that decided it, and `reasons` what these say of themselves. Where nothing
    permits it, there are none. `errors` are what went wrong while deciding, which denies.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """Something that policies speak of, by type and id; `parents` are what it is in.

    Attribute values are what JSON has; one that names another entity is that `Entity`.
    """

    type: str
    id: str
    attributes: dict[str, object] = field(default_factory=dict, hash=False)
    parents: tuple[Entity, ...] = ()

    @property
    def uid(self) -> dict[str, str]:
        """What names it in a request."""
        return {"type": self.type, "id": self.id}
