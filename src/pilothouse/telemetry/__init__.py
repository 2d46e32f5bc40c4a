"""What can be seen of a running Pilothouse from outside."""
