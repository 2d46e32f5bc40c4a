"""Which language a prompt is written in, by its script and its commonest words.

Good enough to choose how numbers are read; nothing else depends on it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from pilothouse.apps.mlops.intake.lexicon.load import common_words
from pilothouse.apps.mlops.intake.tokens import Kind, Token

UNKNOWN = "und"
"""ISO 639 code for a language that could not be determined."""

_SCRIPTS: Mapping[str, str] = {
    "CYRILLIC": "ru",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "GREEK": "el",
    "THAI": "th",
}


def language(tokens: Sequence[Token], *, known: bool) -> str:
    """The ISO 639-1 code of the language of `tokens`, or "und".

    `known` says that the text holds words of the lexicon; a Latin text without a single common word is
    then taken for English (a telegram such as "fraud detection, AWS, $5k"), and is undetermined otherwise.
    """
    words = [token.text for token in tokens if token.kind is Kind.WORD]
    foreign = [token for token in tokens if token.kind is Kind.OTHER]
    if sum(len(token.text) for token in foreign) * 2 > sum(map(len, words)):
        return _by_script(foreign)
    counts = {code: sum(word in common for word in words) for code, common in common_words().items()}
    best = max(counts, key=lambda code: counts[code])
    if counts[best] == 0:
        return "en" if known else UNKNOWN
    return "en" if counts["en"] == counts[best] else best


def _by_script(tokens: Sequence[Token]) -> str:
    letters = Counter(
        _SCRIPTS.get(unicodedata.name(char, "?").split()[0], UNKNOWN)
        for token in tokens
        for char in token.text
    )
    if not letters:
        return UNKNOWN
    if letters["ja"]:  # Japanese mixes in Chinese characters
        return "ja"
    return letters.most_common(1)[0][0]
