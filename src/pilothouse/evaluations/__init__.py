"""Evaluations: sets of cases that versions of a prompt are run against, offline, and compared by."""
