"""A provider's script that sorts every message in the same way: `support.sorting:sorted_alike`."""

from __future__ import annotations

from support.provider import Script, structured

SORTED = {
    "topic": "order_status", "confidence": 0.9, "in_scope": True, "urgency": "normal",
    "sentiment": 0, "language": "en", "signs": [], "others": [],
}  # fmt: skip


def sorted_alike(_scale: float, _seed: int) -> Script:
    """Answers what the agent `triage` of the support desk takes for an answer."""
    return lambda _: structured(SORTED)
