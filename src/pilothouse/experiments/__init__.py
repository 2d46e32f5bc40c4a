"""Experiments: traffic split between versions of a prompt or models, and what comes of it."""
