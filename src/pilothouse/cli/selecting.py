"""Which runs a command is about: options of the command line as the filter that the API takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilothouse.errors import InvalidInput

SEVERAL = frozenset({"status", "label"})
KNOWN = (
    *("status", "workflow", "version", "principal", "schedule_id", "forked_from", "label"),
    *("engagement_id", "has_open_questions", "id_prefix", "id_suffix"),
    *("created_after", "created_before", "finished_after", "finished_before"),
)


def selection(
    status: Iterable[str] = (),
    workflow: str | None = None,
    label: Iterable[str] = (),
    where: Iterable[str] = (),
) -> dict[str, Any]:
    """The filter as the API takes it. `where` holds `name=value` for everything else.

    Raises `InvalidInput` for what is no filter.
    """
    found: dict[str, Any] = {}
    given = [("status", text) for text in status]
    given += [("workflow", workflow)] if workflow is not None else []
    given += [("label", _as_label(text)) for text in label]
    for item in where:
        name, mark, value = item.partition("=")
        if not mark or name not in KNOWN:
            raise InvalidInput(
                f"--where {item!r} is no filter.",
                hint=f"Write it as name=value; names are {', '.join(KNOWN)}.",
            )
        given.append((name, value))
    for name, text in given:
        if name in SEVERAL:
            found.setdefault(name, []).append(text)
        elif found.setdefault(name, text) != text:
            raise InvalidInput(f"Two values were given for {name}.", hint="Give one.")
    return found


def _as_label(text: str) -> str:
    """A label as the API takes it, from `key=value` or `key:value`."""
    marks = [mark for mark in "=:" if mark in text]
    if not marks:
        raise InvalidInput(f"--label {text!r} is no label.", hint="Write it as key=value.")
    first = min(marks, key=text.index)
    key, _, value = text.partition(first)
    return f"{key}:{value}"
