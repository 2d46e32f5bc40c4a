"""Data contracts to start from: the rows of each use case, with ranges, categories and a label."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from pilothouse.apps.mlops.requirements import Frozen, UseCase

FILE = Path(__file__).parent / "datasets.toml"
ALIKE = {
    UseCase.DOCUMENT_QA: UseCase.TEXT_CLASSIFICATION,
    UseCase.CHATBOT: UseCase.TEXT_CLASSIFICATION,
    UseCase.SEARCH: UseCase.TEXT_CLASSIFICATION,
    UseCase.DOCUMENT_PROCESSING: UseCase.TEXT_CLASSIFICATION,
}


class Column(Frozen):
    """One column: a number between `low` and `high`, or one of `values`.

    `log` says that it is read on a logarithmic scale; `effect` is its weight in the made-up sample data.
    """

    name: str
    kind: Literal["number", "category"]
    about: str
    effect: float
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    values: tuple[str, ...] = ()


class Dataset(Frozen):
    """What one row is about, its columns and the label that a model learns.

    `base_rate` is the share of positive labels, or for a regression the label's usual value.
    """

    entity: str
    label: str
    task: Literal["classification", "regression"]
    subject: str
    base_rate: float
    columns: tuple[Column, ...]


def dataset_of(use_case: UseCase) -> Dataset:
    """The contract to start from for `use_case`; use cases over text share one."""
    return _datasets()[ALIKE.get(use_case, use_case).value]


@cache
def _datasets() -> dict[str, Dataset]:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Dataset]).validate_python(table)
