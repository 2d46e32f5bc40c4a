"""Reads an answer with the readers of the prompt, in the light of what was asked."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.coverage.needs import NEEDS
from pilothouse.apps.mlops.intake.lexicon.load import names
from pilothouse.apps.mlops.intake.read import candidates_of, constraints
from pilothouse.apps.mlops.intake.reading import look
from pilothouse.apps.mlops.intake.resolve import UNIONS, resolve
from pilothouse.apps.mlops.requirements import Skill, UseCase

TEMPLATES: Mapping[str, str] = {
    "budget": "budget {}",
    "latency_ms": "latency {}",
    "latency_percentile": "latency {} percentile",
    "throughput_rps": "throughput {}",
    "peak_factor": "{}x at peak",
    "users": "{} users",
    "data_volume_gb": "{} GB",
    "data_growth_gb_per_month": "growing {} per month",
    "availability": "availability {}",
    "retraining_days": "retrain {}",
    "deadline_weeks": "deadline in {}",
    "retention_days": "keep for {}",
    "team_size": "a team of {}",
    "team_skill": "{} experience",
    "devices": "{} devices",
    "context_documents": "{} documents",
    "regions": "in the {}",
    "excluded_technologies": "no {}",
    "excluded_clouds": "not {}",
}
"""What a short answer leaves out, by the field it answers: "5k" to the budget is read as "budget 5k"."""
ALTERNATIVES: Mapping[str, tuple[str, ...]] = {need.key: tuple(need.fields) for need in NEEDS}
"""Fields that answer a question as well as the one it is about: so many users instead of requests."""
_TRUTHS = frozenset(
    {
        *("on_premises", "personal_data", "explainability", "human_review", "open_source_only", "gpu"),
        "offline",
    }
)
_YES = frozenset({"yes", "y", "true", "ja", "oui", "si", "yep", "sure", "yeah", "of course", "definitely"})
_NO = frozenset({"no", "n", "false", "nein", "non", "nope", "not"})
_NOTHING = frozenset(
    {"no", "none", "nothing", "keine", "aucun", "aucune", "ninguno", "ninguna", "no rules", "n/a"}
)
_WORDS: Mapping[str, Mapping[str, object]] = {
    "team_skill": {
        **dict.fromkeys(("none", "no", "low", "little", "novice", "keine", "gering"), Skill.NOVICE),
        **dict.fromkeys(("some", "medium", "average", "mittel"), Skill.INTERMEDIATE),
        **dict.fromkeys(("high", "strong", "a lot", "much", "hoch"), Skill.EXPERT),
    },
    "use_case": dict.fromkeys(("other", "something else", "general"), UseCase.GENERAL),
    "compliance": dict.fromkeys(_NOTHING, ()),
}
"""Answers of a word or two, which would mean nothing in a prompt."""


def parse(fields: tuple[str, ...], text: str) -> dict[str, dict[str, object]]:
    """What `text`, an answer about `fields`, says, by field; empty where nothing could be read.

    Read as it stands first, then as a bare value of each field. Raises `InvalidPrompt` for a budget of
    nothing or less.
    """
    plain = text.strip().strip(".!").lower()
    for field in fields:
        word = _WORDS.get(field, {}).get(plain, _value_named(field, plain))
        if word is not None:
            return {field: {"value": word, "confidence": 1.0}}
        if field in _TRUTHS and (said := _truth(plain)) is not None:
            return {field: {"value": said, "confidence": 1.0}}
    found = _read(text)
    if "existing_stack" in fields and not found.keys() & set(fields):
        found |= _named(plain)
    if any(name in found for field in fields for name in (field, *ALTERNATIVES.get(field, ()))):
        return found
    for field in fields:
        if field in TEMPLATES:
            framed = _read(TEMPLATES[field].format(text.strip()))
            if field in framed:
                return {field: framed[field]}
    return {}


def _value_named(field: str, plain: str) -> object:
    """The value that `plain` is the name of (of a set, the list of names), or None."""
    if field not in UNIONS:
        return names(field).get(plain)
    values = [names(field).get(name.strip().replace("-", " ")) for name in plain.split(",")]
    return tuple(values) if values and None not in values else None


def _named(plain: str) -> dict[str, dict[str, object]]:
    """A technology by its one name, which alone would mean too little in a prompt ("use glue")."""
    found = tuple(sorted(name for name in names("technology") if f" {name} " in f" {plain} "))
    return {"existing_stack": {"value": found, "confidence": 1.0}} if found else {}


def _truth(plain: str) -> bool | None:
    first = plain.replace(",", " ").split(" ", 1)[0]
    if plain in _YES or first in _YES:
        return True
    return False if plain in _NO else None


def _read(text: str) -> dict[str, dict[str, object]]:
    reading = look(text)
    chosen, _ = resolve(reading, candidates_of(reading))
    found = constraints(reading, chosen)
    for constraint in found.values():
        constraint["span"] = None  # spans are of the prompt, and an answer is no part of it
    return found
