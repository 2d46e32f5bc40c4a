"""When the garbage collector looks at everything: between tests, and not within one.

A look at all that thousands of tests have brought takes seconds, in which nothing else happens in a process;
a test in which it came would wait longer for an answer than the product allows.
"""

from __future__ import annotations

import gc

NEVER = 1 << 30
OFTEN = 100
"""After so many looks at what is young, about 700,000 objects, everything is looked at."""


def only_between_tests() -> None:
    """Look at everything now, leave it out of later looks, and make no other one without being asked."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    _look()


def between_tests() -> None:
    """Look at what is new, if that is a lot."""
    if gc.get_count()[2] >= OFTEN:
        _look()


def _look() -> None:
    gc.collect()
    gc.freeze()
