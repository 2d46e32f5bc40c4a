"""The WebSocket: one connection through which a client follows runs, or all that its tenant's runs do."""
