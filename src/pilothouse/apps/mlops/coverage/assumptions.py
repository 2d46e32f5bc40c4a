"""Assumptions: what is taken where a question stays unanswered."""

from __future__ import annotations

from pilothouse.apps.mlops.coverage.parse import parse
from pilothouse.apps.mlops.coverage.settle import fields_of, settle
from pilothouse.apps.mlops.requirements import Coverage, Inquiry, Intake, Origin

ASSUMED = 0.5
"""The confidence of an assumption."""


def assume(intake: Intake, coverage: Coverage) -> Intake:
    """`intake` with the default of every inquiry of `coverage` that is still open.

    Assumed constraints have the origin ASSUMED, no span, and what the default assumes as their note. An
    inquiry is open while its field is unknown or only inferred, or its contradiction is still there.
    """
    for inquiry in coverage.inquiries:
        if fields_of(intake, inquiry.key) and _open(intake, inquiry):
            intake = take_default(intake, inquiry)
    return intake


def take_default(intake: Intake, inquiry: Inquiry) -> Intake:
    """`intake` with the default of `inquiry`, as an assumption."""
    fields = fields_of(intake, inquiry.key)
    assumed = {
        name: {
            **constraint,
            "origin": Origin.ASSUMED,
            "confidence": ASSUMED,
            "note": inquiry.default_assumes,
        }
        for name, constraint in parse(fields, inquiry.default).items()
    }
    return settle(intake, fields, assumed)


def _open(intake: Intake, inquiry: Inquiry) -> bool:
    constraint = getattr(intake.requirements, inquiry.key, None)
    return constraint is None or constraint.origin is Origin.INFERRED
