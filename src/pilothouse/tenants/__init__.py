"""Tenants, the engagements inside them, and what is done with a tenant as a whole: export and erasure."""
