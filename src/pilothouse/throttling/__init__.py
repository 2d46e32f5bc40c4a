"""Throttling: how many requests an address, a person, a key and a tenant may make."""
