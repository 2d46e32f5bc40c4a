"""Ids rise with time, also inside one millisecond and from several threads."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from pilothouse.errors import InvalidInput
from pilothouse.kit.ids import Ids, derived, lowest_at, made_at, parse


def test_ids_rise_strictly_and_are_uuid_7() -> None:
    ids = Ids()
    made = [ids.new() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {each.version for each in made} == {7}
    assert {each.variant for each in made} == {"specified in RFC 4122"}


def test_threads_never_make_the_same_one() -> None:
    ids = Ids()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ids.new(), range(4_000)))
    assert len(set(made)) == 4_000


def test_an_id_tells_when_it_was_made() -> None:
    before = dt.datetime.now(dt.UTC)
    assert abs(made_at(Ids().new()) - before) < dt.timedelta(seconds=5)
    moment = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
    assert made_at(lowest_at(moment)) == moment


def test_what_is_no_id_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="'seven' is not a valid run id"):
        parse("seven", "run id")


def test_a_derived_id_is_a_uuid_7_of_its_moment_and_follows_from_its_parts() -> None:
    moment = dt.datetime(2030, 1, 1, 12, 0, 0, 5_000, tzinfo=dt.UTC)
    made = derived(moment, b"a", b"bc")
    assert (made.version, made.variant, made_at(made)) == (7, "specified in RFC 4122", moment)
    assert made == derived(moment, b"a", b"bc")
    assert made not in {derived(moment, b"ab", b"c"), derived(moment, b"abc"), derived(moment)}
    assert len({derived(moment, bytes([number])).int & 0xFFF for number in range(200)}) > 150
