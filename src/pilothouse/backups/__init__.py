"""Backups: the database and the artifacts at one moment, kept, verified, restored, and made by schedule."""
