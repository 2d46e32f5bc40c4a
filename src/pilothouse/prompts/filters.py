"""The filters of prompts: few, and none makes more of a text than is bounded by what it is given."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined

from pilothouse.prompts.errors import RenderFailed, RenderTooLarge

MOST_INDENT = 16
"""Spaces of an indentation."""
LARGEST = 1_000_000
"""Characters that a filter makes."""


class Quoting:
    """Fences what comes from outside, so that a model can tell it from what the prompt itself says.

    The fence is derived from the version and all that it is given: whoever writes one of the texts cannot
    put the fence into it, as that would make another fence of it.
    """

    def __init__(self, fence: str) -> None:
        self.fence = fence

    def quoted(self, value: Any) -> str:
        """A text between two lines that nothing within it can close; what is no text as JSON."""
        text = value if isinstance(value, str) else _json(self, _plain(value))
        return f"<data-{self.fence}>\n{text}\n</data-{self.fence}>"


def size_of(value: Any) -> int:
    """About how many characters work on a value looks at."""
    if isinstance(value, str):
        return 1 + len(value)
    if isinstance(value, Mapping):
        return 1 + sum(len(name) + size_of(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return 1 + sum(map(size_of, value))
    return 1


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RenderFailed(f"The filter `{name}` is for texts.", hint="Leave it out, or use `| tojson`.")
    return value


def _of_text(name: str, function: Callable[[str], str]) -> Callable[..., str]:
    def found(_: Quoting, value: Any) -> str:
        return function(_text(name, value))

    return found


def _items(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple | Mapping):
        raise RenderFailed(f"The filter `{name}` is for lists.", hint="Give a list.")
    return list(value)


def _default(_: Quoting, value: Any, otherwise: Any = "") -> Any:
    return otherwise if value is None or isinstance(value, Undefined) or value == "" else value


def _length(_: Quoting, value: Any) -> int:
    return len(value) if isinstance(value, str) else len(_items("length", value))


def _join(_: Quoting, value: Any, between: str = "") -> str:
    parts = [_written("join", item) for item in _items("join", value)]
    if sum(map(len, parts)) + len(between) * len(parts) > LARGEST:
        raise RenderTooLarge("The filter `join` makes too long a text.", hint="Give shorter lists.")
    return between.join(parts)


def _written(name: str, item: Any) -> str:
    if isinstance(item, bool) or item is None or isinstance(item, list | dict):
        raise RenderFailed(f"The filter `{name}` joins texts and numbers.", hint="Use `| tojson`.")
    return item.isoformat() if isinstance(item, dt.date) else str(item)


def _first(_: Quoting, value: Any) -> Any:
    found = _items("first", value)
    return found[0] if found else None


def _last(_: Quoting, value: Any) -> Any:
    found = _items("last", value)
    return found[-1] if found else None


def _sort(_: Quoting, value: Any) -> list[Any]:
    return sorted(_items("sort", value))


def _unique(_: Quoting, value: Any) -> list[Any]:
    return list(dict.fromkeys(_items("unique", value)))


def _round(_: Quoting, value: Any, digits: int = 0) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RenderFailed("The filter `round` is for numbers.", hint="Give a number.")
    return round(value, digits) if digits else round(value)


def _truncate(_: Quoting, value: Any, length: int = 1_000) -> str:
    text = _text("truncate", value)
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}\u2026"


def _indent(_: Quoting, value: Any, width: int = 4) -> str:
    if not 0 <= width <= MOST_INDENT:
        raise RenderFailed(f"An indentation has at most {MOST_INDENT} spaces.")
    return _text("indent", value).replace("\n", "\n" + " " * width)


def _json(_: Quoting, value: Any) -> str:
    pieces, length = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False, sort_keys=True).iterencode(_plain(value)):
        length += len(piece)
        if length > LARGEST:
            raise RenderTooLarge("The filter `tojson` makes too long a text.", hint="Give less.")
        pieces.append(piece)
    return "".join(pieces)


def _plain(value: Any) -> Any:
    """A value as JSON has it: dates are texts."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _date(_: Quoting, value: Any, written: str = "%Y-%m-%d") -> str:
    if not isinstance(value, dt.date):
        raise RenderFailed("The filter `date` is for dates.", hint="Declare the variable as a date.")
    if len(written) > 100:
        raise RenderFailed("The form of a date is too long.", hint="Write it as %d %B %Y.")
    return value.strftime(written)


def _quoted(quoting: Quoting, value: Any) -> str:
    return quoting.quoted(value)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "capitalize": _of_text("capitalize", str.capitalize),
    "date": _date,
    "default": _default,
    "first": _first,
    "indent": _indent,
    "join": _join,
    "last": _last,
    "length": _length,
    "lower": _of_text("lower", str.lower),
    "quoted": _quoted,
    "round": _round,
    "sort": _sort,
    "title": _of_text("title", str.title),
    "tojson": _json,
    "trim": _of_text("trim", str.strip),
    "truncate": _truncate,
    "unique": _unique,
    "upper": _of_text("upper", str.upper),
}
"""Each takes what quotes and the value that it is applied to; see the guide."""
