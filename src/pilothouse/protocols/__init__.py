"""The protocols that Pilothouse speaks."""
