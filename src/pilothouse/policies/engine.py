"""The policy engine: Cedar policies, parsed once and validated against their schema.

Nothing is allowed that no policy permits. A request that does not fit the schema, and one during which a
policy fails, are denied.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import cedarpy
import structlog

from pilothouse.errors import SettingsInvalid
from pilothouse.policies.schemas import Decision, Entity

log = structlog.get_logger(__name__)


class PolicyEngine:
    """Decides requests by one set of policies. Safe for use by several threads."""

    def __init__(self, policies: str, schema: str, *, what: str = "the policies") -> None:
        """Parse `policies` and `schema`, both in Cedar's own syntax; errors say `what` was wrong.

        Raises `SettingsInvalid` for what cannot be parsed, does not fit the schema, or has not an `@id` of
        its own in each policy.
        """
        try:
            self._schema = cedarpy.Schema.from_str(schema)
            self._policies = cedarpy.PolicySet.from_str(policies)
            checked = cedarpy.validate_policies(policies, self._schema)
            described = json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"]
        except ValueError as error:
            raise SettingsInvalid(f"{what} cannot be read: {error}") from error
        if not checked:
            told = "; ".join(str(error) for error in checked.errors)
            raise SettingsInvalid(f"{what} do not fit their schema: {told}")
        self._annotations: dict[str, Mapping[str, str]] = {
            name: item.get("annotations", {}) for name, item in described.items()
        }
        ids = Counter(item.get("id") or "" for item in self._annotations.values())
        wrong = [name or "(none)" for name, times in ids.items() if not name or times > 1]
        if wrong:
            raise SettingsInvalid(f"{what}: each policy has an @id of its own, unlike {', '.join(wrong)}.")

    @property
    def policy_ids(self) -> frozenset[str]:
        """The ids of the policies."""
        return frozenset(str(item["id"]) for item in self._annotations.values())

    def decide(
        self,
        principal: Entity,
        action: Entity,
        resource: Entity,
        context: Mapping[str, object] | None = None,
    ) -> Decision:
        """Whether `principal` may do `action` to `resource`; `context` is what else is known, as JSON has it.

        Raises nothing: what goes wrong is a denial that says so.
        """
        request = {
            "principal": principal.uid,
            "action": action.uid,
            "resource": resource.uid,
            "context": dict(context or {}),
        }
        try:
            entities = json.dumps([_described(entity) for entity in _all_of((principal, resource))])
            answer = cedarpy.is_authorized(request, self._policies, entities, self._schema)
        except (ValueError, TypeError) as error:
            return _failed(action, (str(error),))
        errors = tuple(answer.diagnostics.errors)
        if errors:
            return _failed(action, errors)
        notes = [self._annotations.get(name, {}) for name in answer.diagnostics.reasons]
        return Decision(
            allowed=answer.decision is cedarpy.Decision.Allow,
            policies=tuple(sorted(note.get("id", "") for note in notes)),
            reasons=tuple(sorted(note["reason"] for note in notes if note.get("reason"))),
        )


def _failed(action: Entity, errors: tuple[str, ...]) -> Decision:
    log.error("policy_failed", action=action.id, errors=errors)
    return Decision(allowed=False, errors=errors)


def _all_of(entities: Sequence[Entity]) -> Iterator[Entity]:
    """The entities and all that they name, each once."""
    seen: set[tuple[str, str]] = set()
    left = list(entities)
    while left:
        entity = left.pop()
        if (entity.type, entity.id) in seen:
            continue
        seen.add((entity.type, entity.id))
        yield entity
        left += entity.parents
        left += [value for value in entity.attributes.values() if isinstance(value, Entity)]


def _described(entity: Entity) -> dict[str, object]:
    attributes = {
        name: {"__entity": value.uid} if isinstance(value, Entity) else value
        for name, value in entity.attributes.items()
    }
    return {"uid": entity.uid, "attrs": attributes, "parents": [parent.uid for parent in entity.parents]}
