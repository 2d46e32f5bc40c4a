"""The planner: builds real candidates from the catalogue, checks and scores them, and picks one."""

from pilothouse.apps.mlops.planner.directives import VOCABULARY, DirectiveError
from pilothouse.apps.mlops.planner.plan import plan
from pilothouse.apps.mlops.planner.relax import PlanError

__all__ = ["VOCABULARY", "DirectiveError", "PlanError", "plan"]
