"""Whether a principal's roles allow what it asks for.

Roles decide alike for all who have the same, so that each decision is made once and remembered: afterwards
it costs microseconds. Nothing of it can go stale: the policies are fixed, and what they look at is the key.
"""

from __future__ import annotations

from collections import OrderedDict
from importlib.resources import files
from typing import NamedTuple

import structlog

from pilothouse.errors import Forbidden, SettingsInvalid
from pilothouse.kit.scope import HOME_TENANT, Scope
from pilothouse.policies.engine import PolicyEngine
from pilothouse.policies.permissions import GATEWAY, INSTALLATION, PERMISSIONS
from pilothouse.policies.schemas import RULED, Decision, Entity, RoleShown, RolesShown

__all__ = ["GATEWAY", "Authority", "roles_engine"]

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 4_096
"""Decisions that are remembered; those that were used least recently are made anew."""

_NAMESPACE = "Pilothouse"
_OWN, _OTHER = "own", "other"
"""What stands for the tenants in a decision: only which of them are the same matters."""

_ANSWER = "questions:answer"
_PERSONAL = "personal:read"
_APPROVER = Entity(f"{_NAMESPACE}::Role", "approver")


class Asked(NamedTuple):
    """All that a decision depends on."""

    roles: frozenset[str]
    permissions: frozenset[str] | None
    home: bool
    bound: bool
    permission: str
    own: bool
    approver: str | None = None


def roles_engine() -> PolicyEngine:
    """The engine with the shipped rules of roles; raises `SettingsInvalid`."""
    place = files("pilothouse.policies")
    return PolicyEngine(
        (place / "roles.cedar").read_text("utf-8"),
        (place / "roles.cedarschema").read_text("utf-8"),
        what="The rules of roles",
    )


class Authority:
    """Knows what each role may do. Use it within one event loop."""

    def __init__(self, engine: PolicyEngine | None = None) -> None:
        """Decide by `engine`, else by the shipped rules; raises `SettingsInvalid`."""
        self._engine = engine or roles_engine()
        self._remembered: OrderedDict[Asked, Decision] = OrderedDict()
        self._insist_on_rules()

    def decide(self, scope: Scope, permission: str, tenant_id: str | None = None) -> Decision:
        """Whether `scope` has `permission` for a tenant's things (None: its own; or the installation's)."""
        own = tenant_id is None or tenant_id == scope.tenant_id
        home, bound = scope.tenant_id == HOME_TENANT, scope.engagement_id is not None
        return self._known(Asked(scope.roles, scope.permissions, home, bound, permission, own))

    def _known(self, asked: Asked) -> Decision:
        """The decision, as it was remembered or made now."""
        found = self._remembered.get(asked)
        if found is not None:
            self._remembered.move_to_end(asked)
            return found
        found = self._decide(asked)
        if not found.errors:
            self._remembered[asked] = found
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def may_answer(self, scope: Scope, role: str | None) -> Decision:
        """Whether `scope` may answer a question of its tenant that names `role` (None: that names none)."""
        if role is None:
            return self.decide(scope, _ANSWER)
        home, bound = scope.tenant_id == HOME_TENANT, scope.engagement_id is not None
        return self._known(Asked(scope.roles, scope.permissions, home, bound, _ANSWER, True, role))

    def let_answer(self, scope: Scope, role: str | None) -> None:
        """Raise `Forbidden` where `scope` may not answer a question that names `role`."""
        decision = self.may_answer(scope, role)
        if decision.allowed:
            return
        log.warning("denied", operation="answer", permission=_ANSWER, role=role, policies=decision.policies)
        needed = f"approver:{role} or admin" if role is not None else "operator, approver or admin"
        yours = ", ".join(sorted(scope.roles)) or "none"
        told = " ".join(decision.reasons) or "No role of yours answers questions."
        raise Forbidden(
            f"This question is not yours to answer. {told}",
            hint=f"It needs the role {needed}; your roles: {yours}.",
        )

    def may_read_personal_data(self, scope: Scope) -> bool:
        """Whether `scope` sees personal data of its tenant as they are, not as placeholders."""
        return self.decide(scope, _PERSONAL).allowed

    def permitted(self, scope: Scope) -> list[str]:
        """All permissions that `scope` has, in order."""
        return [name for name in sorted(PERMISSIONS) if self.decide(scope, name).allowed]

    def roles(self) -> RolesShown:
        """What each role allows."""
        return RolesShown(items=[self._role(name) for name in RULED])

    def _role(self, name: str) -> RoleShown:
        of = frozenset({name})
        everywhere = self.permitted(Scope(_OWN, "anybody", of))
        at_home = self.permitted(Scope(HOME_TENANT, "anybody", of))
        return RoleShown(
            name=name,
            permissions=everywhere,
            at_home=[permission for permission in at_home if permission not in everywhere],
        )

    def _decide(self, asked: Asked) -> Decision:
        tenant = Entity(f"{_NAMESPACE}::Tenant", _OWN, {"home": asked.home})
        attributes: dict[str, object] = {"tenant": tenant, "bound": asked.bound}
        if asked.permissions is not None:
            attributes["permissions"] = sorted(asked.permissions)
        roles = tuple(_role(name) for name in sorted(asked.roles))
        principal = Entity(f"{_NAMESPACE}::Principal", "one", attributes, roles)
        if asked.permission in INSTALLATION:
            resource = Entity(f"{_NAMESPACE}::Installation", "here")
        elif asked.approver is not None:
            named: dict[str, object] = {"tenant": tenant, "role": _role(f"approver:{asked.approver}")}
            resource = Entity(f"{_NAMESPACE}::Question", "one", named)
        else:
            resource = tenant if asked.own else Entity(f"{_NAMESPACE}::Tenant", _OTHER, {"home": False})
        action = Entity(f"{_NAMESPACE}::Action", asked.permission)
        return self._engine.decide(principal, action, resource, {"permission": asked.permission})

    def _insist_on_rules(self) -> None:
        """Every permission is one that the rules know and that somebody has; raises `SettingsInvalid`."""
        everything = Asked(frozenset({"admin"}), None, home=True, bound=False, permission="", own=True)
        lost = [
            name
            for name in sorted(PERMISSIONS)
            if not self._decide(everything._replace(permission=name)).allowed
        ]
        if lost:
            raise SettingsInvalid(
                f"Not even admins have the permission {', '.join(lost)}.",
                hint="Declare it in policies/roles.cedarschema, within a group that roles.cedar permits.",
            )


def _role(name: str) -> Entity:
    """A role; whoever approves for a name is an approver, too."""
    parents = (_APPROVER,) if name.startswith("approver:") else ()
    return Entity(f"{_NAMESPACE}::Role", name, {}, parents)
