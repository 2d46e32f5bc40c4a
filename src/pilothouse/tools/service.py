"""What other domains use of tools."""

from pilothouse.tools.tool import Tool

__all__ = ["Tool"]
