"""Moments in requests: RFC 3339 with an offset, and nothing else that could be taken for one."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def written(value: object) -> object:
    """`value`, if it is a moment or written as one; raises `ValueError` for a number and for other text.

    Pydantic alone takes a number, and a text of digits, as seconds since 1970.
    """
    if isinstance(value, dt.datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    message = "is no moment: write it as 2026-01-31T09:30:00Z"
    raise ValueError(message)


Moment = Annotated[AwareDatetime, BeforeValidator(written)]
"""A moment with its offset from UTC, as RFC 3339 (section 5.6) writes it."""
