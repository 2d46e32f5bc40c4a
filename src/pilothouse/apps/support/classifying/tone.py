"""How urgent a message is and how it feels, by words and signs: no training, and a reason for each."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "don't",
        "didn't",
        "isn't",
        "wasn't",
        "nicht",
        "kein",
        "keine",
        "nie",
        "pas",
        "jamais",
        "nunca",
        "jamás",
    ]
)
REACH = 3  # words that a negation turns
HIGH, NORMAL = 2.0, 1.0  # sums of weights from which a message is urgent, or not idle


class Urgency(StrEnum):
    """How soon somebody should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Tone:
    """Urgency; sentiment from -1 (angry) to 1 (pleased), 0 neutral; the words that decided."""

    urgency: Urgency
    sentiment: float
    signs: tuple[str, ...]


def tone(message: str) -> Tone:
    """The tone of a message in English, German, French or Spanish."""
    table = _table()
    lowered = " ".join(WORD.findall(message.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))
    padded = f" {lowered} "
    urgent, signs = NORMAL, []
    for phrase, weight in table["urgency"].items():
        if f" {phrase} " in padded:
            urgent += weight
            signs.append(phrase)
    feeling = 0.0
    for phrase, weight in table["sentiment"].items():
        at = padded.find(f" {phrase} ")
        if at >= 0:
            before = padded[:at].split()[-REACH:]
            turned = weight > 0 and any(word in NEGATIONS for word in before)
            feeling += -weight if turned else weight
            signs.append(phrase)
    loud = len(re.findall(r"!", message)) >= 2 or _shouted(message)
    if loud:
        feeling = feeling * 1.3 - 0.5
        urgent += 0.4
        signs.append("!")
    urgent += 0.5 if feeling <= -2 else 0.0
    urgency = Urgency.HIGH if urgent >= HIGH else Urgency.NORMAL if urgent >= NORMAL else Urgency.LOW
    return Tone(urgency, round(max(-1.0, min(1.0, feeling / 3)), 2), tuple(signs))


def _shouted(message: str) -> bool:
    """Whether at least three words, and most of the letters, are capitals."""
    letters = [one for one in message if one.isalpha()]
    return len(message.split()) >= 3 and sum(map(str.isupper, letters)) > 0.7 * max(1, len(letters))


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, float]]:
    text = (Path(__file__).parent / "tone.toml").read_text(encoding="utf-8")
    return {
        name: {str(phrase): float(group["weight"]) for group in groups for phrase in group["phrases"]}
        for name, groups in tomllib.loads(text).items()
    }
