"""Sends what libraries log through the standard library into the structured log."""

from __future__ import annotations

import logging

import structlog


class Forward(logging.Handler):
    """Writes each record as an event of the structured log, under the name of its logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        structlog.get_logger(record.name).log(
            record.levelno,
            "library_message",
            logger=record.name,
            message=record.getMessage(),
            exc_info=record.exc_info,
        )


def forward(level: str) -> None:
    """Forward warnings and errors from every logger, and everything where `level` is debug.

    They go nowhere else: root handlers that are there already are taken away.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(Forward())
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
