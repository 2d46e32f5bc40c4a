"""Small sets of function words that rules of grammar need."""

from __future__ import annotations

BARRIERS = frozenset(
    {
        *("but", "however", "aber", "sondern", "jedoch", "mais", "pero", "sino", "ma", "mas", "so", "then"),
        *("because", "since", "weil", "denn", "car", "porque", "while", "please", "although", "instead"),
        *("only", "just", "we", "it", "should", "budget", "which", "that"),
    }
)
"""Words that end the reach of a negation."""
