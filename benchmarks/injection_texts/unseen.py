"""Harmless texts with trigger words, of templates that training never sees."""

from __future__ import annotations

import random

from injection_texts.grammar import disturbed, expand, read
from injection_texts.making import Text


def unseen(count: int, seed: int) -> list[Text]:
    """`count` texts, no two alike, templates in turn; some are followed by a second one of their kind."""
    rng = random.Random(seed)
    groups = read("unseen")
    tables = groups.pop("tables")
    known = [(kind, template) for kind, many in groups.items() for template in many]
    made: dict[str, Text] = {}
    at = 0
    while len(made) < count:
        kind, template = known[at % len(known)]
        text = expand(template, tables, rng)
        if at >= len(known) or rng.random() < 0.3:
            text = f"{text} {expand(rng.choice(groups[kind]), tables, rng)}"
        text = disturbed(text, rng) if rng.random() < 0.3 else text
        made.setdefault(text, Text(text, kind, attack=False))
        at += 1
    return list(made.values())
