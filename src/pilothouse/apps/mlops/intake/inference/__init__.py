"""What follows from what was said: a table of rules with reasons, and a few sums."""
