"""The garbage collector of a process that is to serve for long."""

from __future__ import annotations

import gc

SELDOM = (50_000, 20, 20)
"""How many objects more than before make a collection, and how many of those one of the next generation."""


def seldom() -> None:
    """Collect seldom: what the imports of a command make stays, and looking through it is a fifth of them.

    Python's own 700 is for programs that make cycles all the time. Call it first.
    """
    gc.set_threshold(*SELDOM)


def settle() -> None:
    """Leave what there is now out of every later collection: modules, classes and routes stay anyway.

    A full collection walks every object that is kept, which takes some 40 ms with all that is imported, and
    nothing else happens meanwhile; after this it takes less than 1 ms. Call it once, when all is set up.
    See https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.collect()
    gc.freeze()
