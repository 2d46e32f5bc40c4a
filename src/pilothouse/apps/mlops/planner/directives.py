"""What a critic may ask of the planner: a closed vocabulary, parsed from an objection's directive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.apps.mlops.design import Objection, Role

REDUCE_COST = "reduce_cost"
RAISE_AVAILABILITY = "raise_availability"
REDUCE_LATENCY = "reduce_latency"
EXCLUDE = "exclude"
ADD_REPLICAS = "add_replicas"

VOCABULARY = (
    f"{REDUCE_COST}, {RAISE_AVAILABILITY}, {REDUCE_LATENCY}, {EXCLUDE}:<component>, {ADD_REPLICAS}:<role>"
)


class DirectiveError(ValueError):
    """An objection's directive is not one the planner can act on."""


@dataclass(frozen=True, slots=True)
class Directives:
    """All objections together, as what the planner does about them."""

    cost_steps: int = 0
    availability_steps: int = 0
    latency_steps: int = 0
    excluded: frozenset[str] = frozenset()
    extra: tuple[tuple[Role, int], ...] = ()

    def extra_units(self, role: Role) -> int:
        """How many units more than needed were asked for in `role`."""
        return dict(self.extra).get(role, 0)


def exclude(component: str) -> str:
    """The directive to do without `component`."""
    return f"{EXCLUDE}:{component}"


def add_replicas(role: Role) -> str:
    """The directive to add one unit in `role`."""
    return f"{ADD_REPLICAS}:{role.value}"


def read_directives(objections: Sequence[Objection]) -> Directives:
    """Parse all objections. Raises `DirectiveError` naming the first directive that is not understood."""
    steps: Counter[str] = Counter()
    excluded: set[str] = set()
    extra: Counter[Role] = Counter()
    for objection in objections:
        verb, _, target = objection.directive.partition(":")
        if verb in {REDUCE_COST, RAISE_AVAILABILITY, REDUCE_LATENCY} and not target:
            steps[verb] += 1
        elif verb == EXCLUDE and target:
            excluded.add(target)
        elif verb == ADD_REPLICAS and target in set(Role):
            extra[Role(target)] += 1
        else:
            raise DirectiveError(
                f"The planner cannot act on the directive {objection.directive!r} of {objection.critic}; "
                f"it knows {VOCABULARY}."
            )
    return Directives(
        cost_steps=steps[REDUCE_COST],
        availability_steps=steps[RAISE_AVAILABILITY],
        latency_steps=steps[REDUCE_LATENCY],
        excluded=frozenset(excluded),
        extra=tuple(sorted(extra.items())),
    )
