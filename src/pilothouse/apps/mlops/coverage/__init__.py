"""Coverage: how much of what a design needs is known, what to ask next, and what to assume unanswered."""

from pilothouse.apps.mlops.coverage.answers import answer
from pilothouse.apps.mlops.coverage.assumptions import assume
from pilothouse.apps.mlops.coverage.cover import cover

__all__ = ["answer", "assume", "cover"]
