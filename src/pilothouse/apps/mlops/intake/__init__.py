"""Intake: reads some thirty typed constraints from free text, and finds what contradicts itself."""

from pilothouse.apps.mlops.intake.errors import InvalidPrompt, UnusableAnswer
from pilothouse.apps.mlops.intake.read import read

__all__ = ["InvalidPrompt", "UnusableAnswer", "read"]
