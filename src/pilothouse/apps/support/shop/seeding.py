"""The small shop that ships: about 30 customers, 60 orders and 25 products, in JSON beside this module."""

from __future__ import annotations

from importlib.resources import files

from pilothouse.apps.support.shop.memory import Records

FOLDER = "seed"
PARTS = ("customers", "orders", "products")


def seeded() -> Records:
    """The records that a new shop begins with."""
    folder = files("pilothouse.apps.support.shop") / FOLDER
    parts = ",".join(f'"{part}":{(folder / f"{part}.json").read_text(encoding="utf-8")}' for part in PARTS)
    return Records.model_validate_json(f"{{{parts}}}")
