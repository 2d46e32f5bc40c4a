"""People: who belongs to a tenant, in which roles, and what they sign in with."""
