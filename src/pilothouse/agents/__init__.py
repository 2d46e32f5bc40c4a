"""Agents: named units of judgement, each with a ladder of ways to reach its answer."""
