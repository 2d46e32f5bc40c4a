"""In which of twelve languages a message is written, by how likely its runs of letters are in each.

A naive Bayes model over runs of one to four letters within words (Cavnar and Trenkle 1994 count the same
runs), learnt from the sentences in languages.toml when it is first asked.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path

LETTERS = re.compile(r"[^\W\d_]+")
RUNS = range(1, 5)
LONGEST = 600  # characters that are read of a message
SMOOTHING = 0.05
WHOLE_WORDS = 3.0  # a word that the language's sentences contain counts as so many runs
SURE = 1.5  # how much likelier than the next language, in nats, the first one must be


def language(message: str) -> str | None:
    """The ISO 639-1 code of the message's language, or None where it cannot be told."""
    found = _runs(message[:LONGEST])
    if not found:
        return None
    scores: list[tuple[float, str]] = []
    for code, likelihoods, unseen in _models():
        scores.append((sum(n * likelihoods.get(run, unseen) for run, n in found.items()), code))
    scores.sort(reverse=True)
    known = any(run in _models()[0][1] or len(run) > 1 for run in found)
    return scores[0][1] if known and scores[0][0] - scores[1][0] >= SURE else None


def _runs(text: str) -> Counter[str]:
    runs: Counter[str] = Counter()
    for word in LETTERS.findall(text.lower()):
        marked = f" {word} "
        for length in RUNS:
            runs.update(marked[at : at + length] for at in range(len(marked) - length + 1))
        runs[f"={word}"] += int(WHOLE_WORDS)
    return runs


@lru_cache(maxsize=1)
def _models() -> tuple[tuple[str, dict[str, float], float], ...]:
    samples = tomllib.loads((Path(__file__).parent / "languages.toml").read_text(encoding="utf-8"))
    counts = {code: _runs(str(sample)) for code, sample in samples.items()}
    every = len({run for found in counts.values() for run in found})
    models = []
    for code, found in counts.items():
        whole = sum(found.values()) + SMOOTHING * every
        logs = {run: math.log((count + SMOOTHING) / whole) for run, count in found.items()}
        models.append((code, logs, math.log(SMOOTHING / whole)))
    return tuple(models)
