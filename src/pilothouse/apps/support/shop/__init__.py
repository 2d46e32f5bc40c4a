"""The shop behind the desk: its records, the connector to them, what can be changed, and the tools."""
