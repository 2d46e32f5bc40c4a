"""Answers to inquiries, in the same free language as the prompt."""

from __future__ import annotations

from pilothouse.apps.mlops.coverage.assumptions import take_default
from pilothouse.apps.mlops.coverage.cover import inquiry_about
from pilothouse.apps.mlops.coverage.parse import parse
from pilothouse.apps.mlops.coverage.questions import QUESTIONS
from pilothouse.apps.mlops.coverage.settle import CONTRADICTION, fields_of, settle
from pilothouse.apps.mlops.intake.errors import InvalidPrompt, UnusableAnswer
from pilothouse.apps.mlops.intake.text import MAX_CHARACTERS, check_characters
from pilothouse.apps.mlops.intake.wording import FIELD_NAMES
from pilothouse.apps.mlops.requirements import Intake, Origin

CERTAIN = 0.95
"""The least confidence of a usable answer: the customer was asked about exactly this."""


def answer(intake: Intake, key: str, text: str) -> Intake:
    """`intake` with the answer `text` to the inquiry `key` taken in.

    `key` is a field of `Requirements` (whether or not it was asked about) or the key of a contradiction.
    The text is read like a prompt ("AWS please", "200ms p95"); a bare value ("5k", "yes", "weekly") is
    read as a value of the field. What else it says is taken in where nothing was said before. Answered
    constraints have the origin ANSWERED, no span (they are not in the prompt) and the answer as their note.

    "I don't know" and the like take the default, as an assumption.

    Raises `UnusableAnswer`, a `ValueError`, where there is no such inquiry or the text says nothing about
    it; the message names what would.
    """
    fields = fields_of(intake, key)
    if not fields:
        raise UnusableAnswer(key, f"There is no open question {key!r} to answer.")
    if text.strip().strip(".!").lower() in UNDECIDED:
        return _undecided(intake, key)
    said = _parsed(intake, key, fields, text)
    quoted = " ".join(text.split())
    answered = {
        name: {
            **constraint,
            "origin": Origin.ANSWERED,
            "confidence": max(CERTAIN, float(str(constraint["confidence"]))),
            "note": "; ".join(
                part for part in (f'answered: "{quoted}"', str(constraint.get("note", ""))) if part
            ),
        }
        for name, constraint in said.items()
    }
    return settle(intake, fields, answered)


def _undecided(intake: Intake, key: str) -> Intake:
    inquiry = inquiry_about(intake, key)
    if inquiry is None:
        raise UnusableAnswer(key, f"There is no default for {key!r}; leave it open or state a value.")
    return take_default(intake, inquiry)


def _parsed(intake: Intake, key: str, fields: tuple[str, ...], text: str) -> dict[str, dict[str, object]]:
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise UnusableAnswer(key, _help(intake, key, fields, "The answer is empty or too long."))
    try:
        check_characters(text)
        said = parse(fields, text)
    except InvalidPrompt as error:
        raise UnusableAnswer(key, error.message) from error
    if not said:
        start = f"The answer {text.strip()[:80]!r} says nothing about the {_subject(fields)}."
        raise UnusableAnswer(key, _help(intake, key, fields, start))
    return said


def _subject(fields: tuple[str, ...]) -> str:
    return " or the ".join(FIELD_NAMES[field] for field in fields)


def _help(intake: Intake, key: str, fields: tuple[str, ...], start: str) -> str:
    """`start`, and examples of answers that can be used."""
    if key.startswith(CONTRADICTION):
        choices = next((item.choices for item in intake.contradictions if item.fields == fields), ())
    else:
        choices = QUESTIONS[key].choices if key in QUESTIONS else EXAMPLES.get(key, ())
    examples = ", ".join(f'"{choice}"' for choice in choices)
    return f"{start} Answer for example: {examples}."


UNDECIDED = frozenset(
    {
        *("default", "the default", "skip", "no idea", "not sure", "unsure", "don't know", "dont know", "?"),
        *(
            "i don't know",
            "i dont know",
            "i do not know",
            "up to you",
            "you decide",
            "whatever",
            "weiss nicht",
        ),
        *("weiss nicht", "keine ahnung", "je ne sais pas", "no se", "no lo se", "egal"),
    }
)
"""Answers that leave the decision to the default."""
EXAMPLES = {
    **dict.fromkeys(
        ("on_premises", "human_review", "open_source_only", "gpu", "offline"),
        ("yes", "no"),
    ),
    "latency_percentile": ("p95", "p99"),
    "peak_factor": ("3x at peak",),
    "users": ("2000 users",),
    "data_growth_gb_per_month": ("100 GB a month",),
    "sources": ("PostgreSQL", "Kafka", "CSV files"),
    "excluded_clouds": ("not AWS", "any cloud"),
    "team_size": ("a team of 3",),
    "existing_stack": ("Kafka, Airflow and PostgreSQL",),
    "excluded_technologies": ("no Kubernetes",),
    "deadline_weeks": ("in 6 weeks",),
    "retention_days": ("keep for 90 days",),
    "devices": ("5000 devices",),
    "context_documents": ("20000 documents",),
}
"""Usable answers about fields that no need asks about."""
