from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pilothouse.telemetry import logs
from pilothouse.telemetry.stdlib import forward


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    out, root = io.StringIO(), logging.getLogger()
    before, level, config = list(root.handlers), root.level, structlog.get_config()
    logs.configure("info", "json", out)
    yield out
    structlog.configure(**config)
    root.handlers[:], root.level = before, level


def test_what_libraries_log_becomes_structured_lines(lines: io.StringIO) -> None:
    forward("info")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("some.library").warning("%s of %s", 3, 4)
        logging.getLogger("some.library").info("not this")
    line = json.loads(lines.getvalue())
    assert (line["level"], line["logger"], line["message"]) == ("warning", "some.library", "3 of 4")
    assert (line["event"], line["request_id"]) == ("library_message", "r-1")


def test_an_exception_keeps_its_traceback(lines: io.StringIO) -> None:
    forward("info")
    try:
        int("no number")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    line = json.loads(lines.getvalue())
    assert line["exception"][0]["exc_type"] == "ValueError"


def test_lines_are_written_once_however_often_it_is_set_up(lines: io.StringIO) -> None:
    forward("info")
    forward("info")
    logging.getLogger("some.library").warning("once")
    assert len(lines.getvalue().splitlines()) == 1


def test_everything_is_forwarded_to_who_debugs(lines: io.StringIO) -> None:
    logs.configure("debug", "json", lines)
    forward("debug")
    logging.getLogger("some.library").debug("this, too")
    assert json.loads(lines.getvalue())["message"] == "this, too"
