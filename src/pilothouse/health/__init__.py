"""Health: whether this process lives, and whether it is ready to serve."""
