"""Pilothouse as an MCP server: what its API lets a caller start, as tools."""
