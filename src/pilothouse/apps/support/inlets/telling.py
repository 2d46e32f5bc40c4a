"""Why something cannot be a ticket, in one sentence that repeats nothing of its text."""

from __future__ import annotations

from pydantic import ValidationError


def problem_of(error: ValidationError) -> str:
    """The first thing that is wrong, with the field where it is."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "ticket"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}."
