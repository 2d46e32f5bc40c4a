"""Secrets: where they come from, which versions are in use, and how they are rotated."""
