"""Which types are closed: whose values cannot carry an instruction that somebody slipped in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from typing import Annotated, Any, Literal

import annotated_types
import pytest
from pydantic import BaseModel, ConfigDict, Field, conint

from pilothouse import TrustedId
from pilothouse.runtime.closed import ids_in, is_closed


class Topic(Enum):
    BILLING = "billing"


class Level(IntEnum):
    LOW = 1


class Rights(Flag):
    READ = 1


class Inventing(Enum):
    KNOWN = "known"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        made = object.__new__(cls)
        made._value_ = value
        return made


class Judgement(BaseModel):
    topic: Topic
    urgency: Annotated[int, Field(ge=0, le=10)] = 5
    confidence: float = Field(ge=0, le=1)
    seen: bool | None = None


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")

    topic: Topic


class Wordy(Judgement):
    note: str = ""


class Endless(BaseModel):
    after: Endless | None = None


@dataclass
class Point:
    across: Annotated[int, annotated_types.Interval(ge=0, lt=100)]
    label: Literal["a", "b"]


@dataclass
class Named:
    name: str


CLOSED = [
    *(bool, None, type(None), Topic, Level, Rights, Literal["a", 5], Judgement, Point, TrustedId),
    *(Topic | None, bool | Literal["x"], tuple[Topic, bool], conint(ge=1, lt=5)),
    Annotated[int, annotated_types.Gt(0), annotated_types.Lt(9)],
    Annotated[list[Topic], Field(max_length=3)],
    Annotated[frozenset[TrustedId], annotated_types.Len(0, 5)],
]
OPEN = [
    *(str, int, float, bytes, Any, object, Decimal, uuid.UUID, dt.datetime, Inventing, Loose, Wordy, Endless),
    *(Named, Topic | str, tuple[Topic, ...], list[Topic], set[Topic], dict[Topic, bool], Mapping[str, bool]),
    *(Annotated[int, Field(ge=0)], Annotated[float, Field(le=1)], Annotated[str, Field(max_length=3)]),
    Annotated[int, annotated_types.Interval(ge=0)],
    Annotated[list[Topic], Field(max_length=101)],
    Annotated[list[Topic], annotated_types.Len(0)],
    Annotated[list[str], Field(max_length=3)],
    Annotated[int, TrustedId],
]


@pytest.mark.parametrize("kind", CLOSED, ids=str)
def test_a_type_of_few_values_is_closed(kind: Any) -> None:
    assert is_closed(kind)


@pytest.mark.parametrize("kind", OPEN, ids=str)
def test_a_type_that_can_carry_text_is_open(kind: Any) -> None:
    assert not is_closed(kind)


class Item(BaseModel):
    id: TrustedId
    note: str


class Order(BaseModel):
    id: Annotated[TrustedId, Field(max_length=9)]
    items: list[Item]
    owner: TrustedId | None = None
    status: Literal["open", "shut"] | TrustedId = "open"
    by_name: dict[TrustedId, Item] = {}
    pair: tuple[str, TrustedId] = ("text", "P1")


def test_ids_are_found_wherever_the_type_says_that_they_are() -> None:
    item = Item(id="I1", note="N1")
    order = Order(id="O1", items=[item], owner="C1", by_name={"K1": item})
    assert sorted(ids_in(Order, order)) == ["C1", "I1", "I1", "K1", "O1", "P1"]
    assert sorted(ids_in(list[Order | Item] | None, [order.items[0]])) == ["I1"]
    assert list(ids_in(Order, order.model_copy(update={"status": "S1"})))[3:4] == ["S1"]
    assert list(ids_in(Order | None, None)) == list(ids_in(str, "text")) == list(ids_in(TrustedId, 5)) == []
    assert list(ids_in(Point, Point(5, "a"))) == []
