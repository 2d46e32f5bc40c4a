"""Makes sentences from templates: `[a|b]` is a choice, `{name}` one from a table, `{{` is a brace."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DEEPEST = 12
"""Replacements within replacements; templates need fewer."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"(?<!\{)\{(\w+)\}")
_SPACES = re.compile(r" +")
_LOOSE = re.compile(r" ([.,?!:;])")

Tables = Mapping[str, Sequence[str]]


def read(name: str) -> dict[str, Any]:
    """The templates of one file beside this one, by group."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return content


def expand(template: str, tables: Tables, rng: random.Random) -> str:
    """One sentence of a template. Raises `KeyError` for a table that is not there."""
    for _ in range(DEEPEST):
        made = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
        made = _SLOT.sub(lambda found: rng.choice(tables[found[1]]), made)
        if made == template:
            break
        template = made
    template = template.replace("{{", "{").replace("}}", "}")
    return _LOOSE.sub(r"\1", _SPACES.sub(" ", template)).strip()


def disturbed(text: str, rng: random.Random) -> str:
    """The text as a person may have typed it: other case, a slip of the finger, no full stop, or as it is."""
    chance = rng.random()
    if chance < 0.1:
        return text.upper()
    if chance < 0.3:
        return text.lower()
    if chance < 0.4 and len(text) > 12:
        at = rng.randrange(2, len(text) - 2)
        return text[:at] + text[at + 1 :] if rng.random() < 0.6 else text[:at] + text[at] + text[at:]
    if chance < 0.5:
        return text.rstrip(".!")
    return text[:1].upper() + text[1:]
