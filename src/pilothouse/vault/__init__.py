"""The vault: seals personal data with a key of its tenant, turns keys over, and destroys them."""
