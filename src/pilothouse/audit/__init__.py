"""The audit log: who did what, provable by anyone with the public key."""
