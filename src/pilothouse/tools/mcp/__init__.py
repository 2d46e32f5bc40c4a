"""MCP servers of others: pinned by what they say of themselves, their tools called as any other tool."""
