"""What has to hold of a model's answer in the place of the architect's experts: pure checks.

Each returns what is wrong, for the model to read; nothing where nothing is.
"""

from pilothouse.apps.mlops.checking.intake import intake_problems
from pilothouse.apps.mlops.checking.rationale import rationale_problems

__all__ = ["intake_problems", "rationale_problems"]
