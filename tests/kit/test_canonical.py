"""Equal values are equal bytes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit import canonical

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: object, *, lists: bool) -> object:
    if isinstance(value, dict):
        items = [(key, shuffled(item, lists=lists)) for key, item in value.items()]
        return dict(random.Random(3).sample(items, len(items)))
    if isinstance(value, list):
        items = [shuffled(item, lists=lists) for item in value]
        return random.Random(3).sample(items, len(items)) if lists else items
    return value


@given(JSON)
def test_the_order_of_members_makes_no_difference(value: object) -> None:
    written = canonical.to_json(value)
    assert canonical.to_json(shuffled(value, lists=False)) == written
    assert canonical.from_json(written) == value


@given(JSON)
def test_unordered_json_is_the_same_in_whatever_order_its_lists_come(value: object) -> None:
    mixed = canonical.to_json(shuffled(value, lists=True))
    assert canonical.unordered(mixed) == canonical.unordered(canonical.to_json(value))


def test_lists_with_other_items_differ_also_unordered() -> None:
    assert canonical.unordered(b"[1,[2,3]]") != canonical.unordered(b"[1,[2,4]]")
    assert canonical.unordered(b'["1"]') != canonical.unordered(b"[1]")


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical.to_json(object())
    with pytest.raises(ValueError, match="unexpected"):
        canonical.from_json("{")


def test_a_digest_tells_bytes_apart() -> None:
    assert canonical.digest(b"a") == canonical.digest(b"a") != canonical.digest(b"b")
    assert len(canonical.digest(b"")) == canonical.DIGEST_BYTES


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # the examples of RFC 8785, appendix B, and its section 3.2.3
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (1.0000000000000001e23, "1.0000000000000001e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (4.50, "4.5"),
        (-1e30, "-1e+30"),
        (True, "true"),
        (None, "null"),
        (12345678901234567890123, "12345678901234567890123"),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}, None),
        ([1, (2.5, {})], "[1,[2.5,{}]]"),
    ],
)
def test_canonical_json_is_that_of_rfc_8785(value: object, written: str | None) -> None:
    found = canonical.rfc8785(value).decode()
    if written is None:  # sorted by UTF-16 units: the emoji comes before the letter of the presentation forms
        written = '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'
    assert found == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_in_canonical_json_is_read_as_itself(value: float) -> None:
    assert float(canonical.exact(canonical.rfc8785(value))) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_what_is_no_number_has_no_canonical_form(value: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        canonical.rfc8785(value)
    with pytest.raises(ValueError, match="no number"):
        canonical.exact("NaN")


def test_what_json_cannot_hold_has_no_canonical_form_and_no_digit_is_lost() -> None:
    with pytest.raises(TypeError, match="cannot hold bytes"):
        canonical.rfc8785(b"")
    with pytest.raises(ValueError, match="no UTF-8"):
        canonical.rfc8785({"\ud800": 1})
    assert canonical.exact("12345678901234567891") == 12345678901234567891
