"""Feedback: how people rate a run, a step of one or a message, and what they say of it."""
