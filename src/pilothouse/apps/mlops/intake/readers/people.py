"""The team: how many, and what they can do."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.reading import Candidate, Reading
from pilothouse.apps.mlops.requirements import Skill

_LARGEST_TEAM = 2000
_WE_ARE = frozenset({"are", "sind", "sommes", "somos"})
_FIRMS = frozenset({"startup", "firm", "company", "business", "shop", "agency"})
_PLAIN_PEOPLE = frozenset(
    {
        "people",
        "persons",
        "person",
        "persona",
        "personas",
        "personen",
        "personne",
        "personnes",
        "leute",
        "leuten",
    }
)


def read_team_size(reading: Reading) -> Iterator[Candidate]:
    """People who build and run it: "a team of 5", or the sum of "2 data scientists and one engineer"."""
    whole: list[Quantity] = []
    parts: list[Quantity] = []
    for quantity in reading.quantities:
        if quantity.measure is not Measure.COUNT or not 1 <= quantity.value <= _LARGEST_TEAM or quantity.per:
            continue
        if quantity.unit == "person" and quantity.noun not in _PLAIN_PEOPLE:
            parts.append(quantity)
        elif _everyone(reading, quantity):
            whole.append(quantity)
    for quantity in whole:
        spots = range(quantity.first - 1, max(quantity.first - 4, -1), -1)
        first = next((at for at in spots if "team" in reading.cues[at]), quantity.first)
        yield Candidate("team_size", int(quantity.value), 0.92, first, quantity.last, "people")
    if parts and not whole:
        total = int(sum(part.value for part in parts))
        last = parts[-1].last if parts[-1].last - parts[0].first <= 30 else parts[0].last
        yield Candidate("team_size", total, 0.9, parts[0].first, last, "people")
    for hit in reading.of("team_size"):
        yield Candidate("team_size", hit.value, hit.confidence, hit.first, hit.last, "people")


def _everyone(reading: Reading, quantity: Quantity) -> bool:
    """Whether it counts the whole team: "a team of 5", "a two-person startup", "we are 5 people"."""
    cue = reading.near("team", quantity.first, quantity.last, back=3, ahead=1)
    if cue <= (2 if quantity.unit == "" else 3) and quantity.unit in {"", "person", "user"}:
        return True
    before = reading.word(quantity.first - 1)
    near = {before, reading.word(quantity.first - 2), reading.word(quantity.last)}
    return quantity.noun in _PLAIN_PEOPLE and (before in _WE_ARE or bool(near & _FIRMS))


def read_team_skill(reading: Reading) -> Iterator[Candidate]:
    """What the team can do; "no ops experience" and "we don't have a data team" are a novice's words."""
    for hit in reading.of("team_skill"):
        if not hit.negated:
            yield Candidate("team_skill", hit.value, hit.confidence, hit.first, hit.last)
        elif hit.value is Skill.EXPERT:
            yield Candidate("team_skill", Skill.NOVICE, 0.8, hit.first, hit.last)
    for hit in reading.of("expertise"):
        if hit.negated:
            yield Candidate("team_skill", Skill.NOVICE, hit.confidence, hit.first, hit.last)
