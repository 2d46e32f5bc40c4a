"""Usage: what each call to a model took, in tokens, money and time, and for whom."""
