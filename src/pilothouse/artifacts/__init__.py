"""Artifacts: files that runs made, stored by their SHA-256."""
