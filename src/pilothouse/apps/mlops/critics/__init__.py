"""The critics: what is wrong with a design technically and in money, in numbers, and what to change."""

from pilothouse.apps.mlops.critics.cost import review_cost
from pilothouse.apps.mlops.critics.tech import review_technically

__all__ = ["review_cost", "review_technically"]
