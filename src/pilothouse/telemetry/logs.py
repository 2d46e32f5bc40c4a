"""Structured logs: one line an event, with the ids of what it belongs to, and without secrets."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import TextIO

import orjson
import structlog

from pilothouse.kit.masking import mask_member
from pilothouse.runtime.branch import current

_WITHOUT_VALUES = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Tracebacks as JSON without the values of variables, which may be anybody's data and a megabyte long."""


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Write log lines of at least `level` to `stream` (standard error by default).

    `style` is json, readable, or auto: readable where the stream is a terminal.
    """
    out = stream or sys.stderr
    readable = style == "readable" or (style == "auto" and out.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if readable
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_step,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if readable else _WITHOUT_VALUES,
            _mask,
            *([_escape] if readable else []),  # JSON escapes by itself
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def _json(event: structlog.typing.EventDict, default: Callable[[object], object], **_: object) -> str:
    """A line as JSON in plain ASCII: what would begin a line or turn text around is an escape sequence.

    Nearly every line is plain: orjson, several times as fast, writes it, and escapes nothing else.
    """
    try:
        line = orjson.dumps(event, default=default).decode()
    except TypeError:  # numbers of more than 64 bits, keys that are no texts, halves of characters
        return json.dumps(event, default=default)
    return line if line.isascii() and "\x7f" not in line else json.dumps(event, default=default)


def _add_step(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Name the step and agent that the running code stands in: read here, so that a step costs nothing."""
    branch = current.get(None)
    if branch is not None and branch.path:
        event.setdefault("step", branch.path)
        if branch.leaf is None and branch.agent:
            event.setdefault("agent", branch.agent)
    return event


def _mask(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Keep secrets and personal data out of the line."""
    return {key: mask_member(key, value) for key, value in event.items()}


def _escape(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Write what would begin a line, colour a terminal or turn text around as its escape sequence."""
    return {key: _escaped(value, key == "exception") for key, value in event.items()}


def _escaped(value: object, lines: bool) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        character
        if character.isprintable() or (lines and character == "\n")
        else character.encode("unicode_escape").decode()
        for character in value
    )
