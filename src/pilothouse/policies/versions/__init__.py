"""The policy sets of tenants: immutable versions, which of them is active, and what was decided by them."""
