"""Rules for numbers that states give to people, each with its check (python-stdnum, or `checks`).

A row says the type, pattern, check, words, and how sure it is without the words: 0 where they are required.
Bare digits whose check one random number in ten passes need them; a form that nothing else has does not.
"""

from __future__ import annotations

from pilothouse.guards.rules import national_europe, national_world
from pilothouse.guards.rules.rule import Row, Rule

LOOSE = (
    r"(?:national|personal|identity|citizen|tax|social|identification|id|insurance)(?: (?:id|identity"
    r"|identification"
    r"|insurance|security|payer|card))? ?(?:no\.?|number|code|#|nr\.?)|national id|tax id"
    r"|identity card|id card"
)


ROWS = (*national_world.ROWS, *national_europe.ROWS)


def _rule(row: Row) -> Rule:
    required = row.confidence == 0
    return Rule(
        row.type,
        row.pattern,
        "its form and check" + (", beside words that name it" if required else ""),
        row.example,
        row.confidence,
        check=row.check,
        context=row.words,
        loose=LOOSE if required else "",
        required=required,
        apart=True,
    )


RULES = tuple(_rule(row) for row in ROWS)
