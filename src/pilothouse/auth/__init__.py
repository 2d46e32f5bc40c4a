"""Signing in: sessions of browsers, tokens of programs, identity providers, and who makes a request."""
