"""API keys: credentials of programs."""
