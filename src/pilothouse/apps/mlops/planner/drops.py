"""What can be taken out of the requirements, or made smaller, and how large a change each is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pilothouse.apps.mlops.requirements import Requirements

SINGLES: dict[str, tuple[str, float]] = {
    "gpu": ("accelerators where they serve best", 0.7),
    "cloud": ("any platform", 1.5),
    "open_source_only": ("open source where it can be", 1.5),
    "on_premises": ("a provider's machines", 2.0),
    "offline": ("devices with a network", 2.0),
}
"""Constraints that are dropped as a whole: what takes their place, and how far that is (see `ITEMS`)."""

ITEMS: dict[str, float] = {
    "excluded_technologies": 0.8,
    "regions": 1.0,
    "excluded_clouds": 1.2,
    "compliance": 4.0,
}
"""Constraints of which one item is dropped, and how far that is.

Distances are comparable with the logarithm of the ratio by which a number moves (0.7 is twice the budget);
a compliance regime is the last to be touched.
"""

SCALED: dict[str, str] = {"throughput_rps": "a second", "data_volume_gb": "GB"}
MAX_HALVINGS = 14


@dataclass(frozen=True, slots=True)
class Drop:
    """Requirements without one constraint (or with a smaller number), and how large a change that is."""

    field: str
    was: str
    becomes: str
    requirements: Requirements
    distance: float


def drops(requirements: Requirements) -> Iterator[Drop]:
    """Every single constraint (or item of one) that can be dropped from `requirements`."""
    for field, (becomes, distance) in SINGLES.items():
        constraint = getattr(requirements, field)
        if constraint is None or (constraint.value is False and field != "gpu"):
            continue
        yield Drop(
            field=field,
            was=_words(field, constraint.value),
            becomes=becomes,
            requirements=requirements.model_copy(update={field: None}),
            distance=distance,
        )
    for field, distance in ITEMS.items():
        constraint = getattr(requirements, field)
        for item in constraint.value if constraint is not None else ():
            rest = tuple(other for other in constraint.value if other != item)
            update = constraint.model_copy(update={"value": rest}) if rest else None
            yield Drop(
                field=field,
                was=str(item),
                becomes=", ".join(str(other) for other in rest) or "none",
                requirements=requirements.model_copy(update={field: update}),
                distance=distance,
            )


def _words(field: str, value: object) -> str:
    if isinstance(value, bool):
        name = field.replace("_", " ")
        return name if value else f"no {name}"
    return str(value)


def halvings(requirements: Requirements, field: str) -> Iterator[Drop]:
    """The number in `field` halved again and again, as far as `MAX_HALVINGS`; nothing where it is not set."""
    constraint = getattr(requirements, field)
    if constraint is None:
        return
    for count in range(1, MAX_HALVINGS + 1):
        smaller = constraint.value / 2**count
        update = constraint.model_copy(update={"value": smaller, "low": None, "high": None})
        yield Drop(
            field=field,
            was=f"{constraint.value:,.0f} {SCALED[field]}",
            becomes=f"{smaller:,.0f} {SCALED[field]}",
            requirements=requirements.model_copy(update={field: update}),
            distance=count * math.log(2),
        )
