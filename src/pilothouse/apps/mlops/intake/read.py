"""From a prompt to an `Intake`: readers, resolution, contradictions, inference."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.intake.contradictions import in_text, in_values, of_clashes
from pilothouse.apps.mlops.intake.inference.infer import infer
from pilothouse.apps.mlops.intake.readers import READERS
from pilothouse.apps.mlops.intake.reading import Candidate, Reading, look
from pilothouse.apps.mlops.intake.resolve import resolve
from pilothouse.apps.mlops.intake.text import check
from pilothouse.apps.mlops.requirements import Contradiction, Intake, Origin, Requirements


def read(prompt: str) -> Intake:
    """What `prompt` asks for: every constraint with value, unit, confidence, origin and span.

    `prompt[span.start:span.end] == span.text` for every span. Takes time linear in the prompt's length.
    What was said has the origin STATED; what follows from it by the inference table is INFERRED, with a
    lower confidence and the reason as its note. Contradictions are reported, not settled: of two clashing
    statements the earlier is kept for the time being.

    Raises `InvalidPrompt` for a prompt that is empty, longer than 10,000 characters, without a letter,
    with control characters or lone surrogates, or with a budget of nothing or less; nothing else.
    """
    check(prompt)
    reading = look(prompt)
    candidates = candidates_of(reading)
    chosen, clashes = resolve(reading, candidates)
    stated = Requirements.model_validate({"prompt": prompt, **constraints(reading, chosen)})
    found = [*of_clashes(reading, clashes), *in_text(reading, candidates)]
    requirements = infer(stated)
    found.extend(in_values(requirements))
    return Intake(requirements=requirements, contradictions=once(found), language=reading.language)


def candidates_of(reading: Reading) -> list[Candidate]:
    """What every reader finds."""
    return [candidate for reader in READERS for candidate in reader(reading)]


def constraints(reading: Reading, chosen: Mapping[str, Candidate]) -> dict[str, dict[str, object]]:
    """The chosen candidates as stated constraints, by field."""
    return {
        field: {
            "value": candidate.value,
            "unit": candidate.unit,
            "confidence": candidate.confidence,
            "origin": Origin.STATED,
            "span": reading.span(candidate.first, candidate.last),
            "low": candidate.low,
            "high": candidate.high,
            "note": candidate.note,
        }
        for field, candidate in chosen.items()
    }


def once(found: list[Contradiction]) -> tuple[Contradiction, ...]:
    """The contradictions, each combination of fields once."""
    return tuple({item.fields: item for item in reversed(found)}.values())[::-1]
