"""Caught errors are recorded or raised."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.errors import swallowed_errors

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py


def handler(clause: str, body: str) -> dict[str, str]:
    return {"src/a.py": f"try:\n    work()\n{clause}:\n    {body}\n"}


@pytest.mark.parametrize(
    "clause", ["except", "except Exception", "except BaseException as error", "except (OSError, Exception)"]
)
@pytest.mark.parametrize("body", ["pass", "return_value = None", "log.info('failed')"])
def test_a_handler_of_everything_that_loses_the_error_is_found(found: Found, clause: str, body: str) -> None:
    assert found(swallowed_errors, handler(clause, body)) == [("src/a.py", 3)]


@pytest.mark.parametrize(
    ("clause", "body"),
    [
        ("except Exception", "raise"),
        ("except Exception as error", "raise Failed(1) from error"),
        ("except Exception as error", "permit.failed(error)"),
        ("except Exception", "log.exception('failed')"),
        ("except Exception", "log.warning('failed', exc_info=True)"),
        ("except OSError", "pass"),
        ("except (OSError, ValueError)", "pass"),
    ],
)
def test_a_handler_that_records_raises_or_is_specific_is_fine(found: Found, clause: str, body: str) -> None:
    assert found(swallowed_errors, handler(clause, body)) == []


def test_suppressing_everything_is_found_and_suppressing_one_error_is_not(found: Found) -> None:
    text = "with suppress(Exception):\n    a()\nwith contextlib.suppress(BaseException):\n    b()\n"
    assert found(swallowed_errors, {"src/a.py": text}) == [("src/a.py", 1), ("src/a.py", 3)]
    assert found(swallowed_errors, {"src/a.py": "with suppress(OSError):\n    a()\n"}) == []
