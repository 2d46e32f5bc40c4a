"""Schedules: runs that are made by the clock, each fire exactly once."""
