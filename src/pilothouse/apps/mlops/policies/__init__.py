"""The policy check: rules as data, held against a design, each with its text and the component."""

from pilothouse.apps.mlops.policies.check import check_policies
from pilothouse.apps.mlops.policies.rules import Rule, RuleError, load_rules

__all__ = ["Rule", "RuleError", "check_policies", "load_rules"]
