"""Agents of other frameworks: each becomes an ordinary agent, durable and governed as far as it allows."""
