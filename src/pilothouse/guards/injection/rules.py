"""Rules over classes of words: which classes follow each other, within how many words, in what attacks say.

What a rule is worth is learned in training, together with the counter-examples (`my password`); that a rule
is here is judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Rule:
    """Holds where `classes` occur in this order within `within` words of each other."""

    classes: tuple[str, ...]
    within: int
    name: str

    def holds(self, last: Mapping[str, int], at: int) -> bool:
        """Whether the rule holds with its last class at `at`; `last` is where each class was last."""
        before = at
        for name in reversed(self.classes[:-1]):
            position = last.get(name, -1)
            if position < 0 or position >= before or at - position > self.within:
                return False
            before = position
        return True


def _rules(*listed: tuple[str, int]) -> tuple[Rule, ...]:
    return tuple(Rule(tuple(text.split()), within, "!" + text.replace(" ", ">")) for text, within in listed)


RULES = _rules(
    ("override instructions", 6),
    ("override prior", 4),
    ("override prior instructions", 7),
    ("override all", 2),
    ("override all instructions", 6),
    ("override your instructions", 6),
    ("override you", 5),
    ("override document", 4),
    ("override my", 4),
    ("prior instructions", 3),
    ("new instructions", 2),
    ("now you", 4),
    ("now reveal", 3),
    ("instructions not", 4),
    ("ask your secret", 6),
    ("ask secret", 5),
    ("reveal your secret", 7),
    ("reveal secret", 5),
    ("your secret", 3),
    ("my secret", 3),
    ("reveal my", 3),
    ("ask my", 5),
    ("i secret", 5),
    ("reveal your instructions", 6),
    ("reveal prior instructions", 6),
    ("ask your instructions", 6),
    ("ask personal", 6),
    ("reveal personal", 8),
    ("person personal", 4),
    ("personal person", 4),
    ("reveal person personal", 9),
    ("ask person personal", 9),
    ("my personal", 4),
    ("i personal", 6),
    ("reveal person", 3),
    ("reveal all", 2),
    ("system mode", 3),
    ("free mode", 3),
    ("mode mode", 2),
    ("i system", 6),
    ("i system reveal", 20),
    ("system you", 8),
    ("you act", 5),
    ("you ai", 5),
    ("you now", 5),
    ("you free", 7),
    ("act ai", 6),
    ("act free", 8),
    ("ai free", 6),
    ("ai not limits", 8),
    ("not limits", 4),
    ("free limits", 4),
    ("limits limits", 3),
    ("not free", 4),
    ("override limits", 5),
    ("you not limits", 9),
    ("always answer", 5),
    ("always obey", 4),
    ("obey act", 4),
    ("not not", 3),
    ("suppose secret", 20),
    ("suppose personal", 25),
    ("suppose you", 6),
    ("encoding secret", 10),
    ("secret encoding", 8),
    ("personal encoding", 8),
    ("encoding personal", 10),
    ("encoding answer", 12),
    ("your answer", 3),
    ("answer reveal", 8),
    ("document reveal", 8),
    ("send secret", 8),
    ("send link", 10),
    ("secret link", 10),
    ("reveal link", 10),
    ("combine secret", 16),
    ("combine reveal", 16),
    ("combine combine", 4),
    ("danger answer", 10),
    ("care secret", 5),
    ("secret care", 5),
    ("care my", 3),
    ("narrated instructions", 6),
    ("narrated secret", 8),
    ("care personal", 6),
    ("personal care", 5),
    ("please reveal secret", 8),
    ("please reveal personal", 9),
    ("reveal me", 2),
    ("reveal me secret", 6),
    ("not reveal secret", 7),
    ("reveal secret encoding", 14),
    ("override instructions reveal", 9),
    ("override prior reveal", 8),
    ("not override", 4),
    ("not reveal", 4),
    ("you reveal", 3),
    ("you reveal secret", 8),
    ("you reveal personal", 10),
    ("reveal ask", 3),
    ("always act", 6),
    ("not obey", 6),
    ("free answer", 6),
    ("answer free", 6),
    ("not always", 6),
    ("ai you", 4),
    ("ai always", 4),
    ("reveal danger", 8),
)
"""A rule's name is `!` and its classes."""

RULES_BY_LAST: Mapping[str, tuple[tuple[str, Rule], ...]] = MappingProxyType(
    {
        name: tuple((rule.classes[0], rule) for rule in RULES if rule.classes[-1] == name)
        for name in {rule.classes[-1] for rule in RULES}
    }
)
"""The rules that end in a class, each with the class in which it begins."""
