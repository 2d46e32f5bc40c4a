"""Who may give which roles to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pydantic import TypeAdapter, ValidationError

from pilothouse.errors import InvalidInput
from pilothouse.kit.scope import Scope
from pilothouse.people.errors import RoleNotYours
from pilothouse.people.schemas import Roles

ADMIN = "admin"
_ROLES: TypeAdapter[list[str]] = TypeAdapter(Roles)


def checked_roles(roles: Iterable[str]) -> list[str]:
    """Roles that exist, each once, in order; raises `InvalidInput`."""
    try:
        return sorted(set(_ROLES.validate_python(list(roles))))
    except ValidationError:
        raise InvalidInput(
            "One of the roles is none.",
            hint="There are viewer, operator, approver, author, admin, and approver:<name>.",
        ) from None


def insist(scope: Scope, roles: Collection[str]) -> None:
    """Raise `RoleNotYours` unless the scope has all of `roles`. Admins have every role of their tenant.

    Who may do only part of what the own roles allow has none of them to give.
    """
    beyond = set(roles) - scope.roles
    if roles and (scope.permissions is not None or scope.engagement_id is not None):
        raise RoleNotYours("Your own rights are narrower than a role.", hint="Ask an admin.")
    if ADMIN not in scope.roles and beyond:
        raise RoleNotYours(f"You do not have the role {min(beyond)} yourself.", hint="Ask an admin.")


def allow_more(roles: Collection[str], than: Collection[str]) -> bool:
    """Whether `roles` may allow something that those before (`than`) did not: admins had all, others read."""
    known = {*than, "viewer"} if than else set()
    return ADMIN not in than and not known.issuperset(roles)
