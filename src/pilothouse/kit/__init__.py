"""Foundations that every layer may use: PostgreSQL, ids, clock, money, canonical JSON, pagination."""
