"""Structured logs: one line an event, with the ids of what it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Write log lines of at least `level` to `stream` (standard error by default).

    `style` is json, readable, or auto: readable where the stream is a terminal.
    """
    out = stream or sys.stderr
    readable = style == "readable" or (style == "auto" and out.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if readable
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if not readable else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
