"""Budgets: how much money, how many tokens and how many actions may be spent by whom, in a time."""
