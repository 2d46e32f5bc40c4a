"""Limits: how many runs execute at once and how many start in a time."""
