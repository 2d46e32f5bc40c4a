"""Labels: short texts by name that people put on runs, to find and to group them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pilothouse.errors import InvalidInput
from pilothouse.kit.text import line

MAX_LABELS = 32
MAX_VALUE = 255
KEY = r"^[A-Za-z0-9](?:[A-Za-z0-9._/\-]{0,61}[A-Za-z0-9])?$"
"""What a label's key looks like: letters, digits, `.`, `_`, `/`, `-`; at most 63, no mark at either end."""

_KEY = re.compile(KEY)


def checked(labels: Mapping[str, str]) -> dict[str, str]:
    """`labels`, if a run can carry them; raises `InvalidInput` that says which cannot and why."""
    if len(labels) > MAX_LABELS:
        raise InvalidInput(f"{len(labels)} labels were given, a run has at most {MAX_LABELS}.")
    for key in labels:
        if not _KEY.fullmatch(key):
            raise InvalidInput(
                f"{key[:80]!r} is no label key.",
                hint="Take letters, digits, '.', '_', '/' and '-', 63 at most, and no mark at either end.",
            )
    return {key: _value(key, value) for key, value in labels.items()}


def _value(key: str, value: str) -> str:
    try:
        checked = line(value)
    except ValueError as error:
        raise InvalidInput(f"The label {key} {error}.", hint="Take letters, digits and signs.") from None
    if len(checked) > MAX_VALUE:
        raise InvalidInput(f"The label {key} has more than {MAX_VALUE} characters.")
    return checked


def parse(items: Iterable[str], mark: str) -> dict[str, str]:
    """Labels written as key, `mark`, value; raises `InvalidInput` for one that is not."""
    found: dict[str, str] = {}
    for item in items:
        key, between, value = item.partition(mark)
        if not between:
            raise InvalidInput(f"{item[:80]!r} is no label.", hint=f"Write it as key{mark}value.")
        if found.setdefault(key, value) != value:
            raise InvalidInput(f"The label {key[:80]} was given twice.", hint="Give each key once.")
    return checked(found)
