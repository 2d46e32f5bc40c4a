"""The statistics of an evaluation, against published figures and against what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.evaluations.statistics import agreement, fleiss_kappa, percentile, sign_test, wilson


def test_the_interval_of_a_share_is_wilsons() -> None:
    # R: prop.test(81, 263, correct = FALSE), the example of Newcombe, Statistics in Medicine 17 (1998)
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_stays_within_bounds(passed: int, missed: int) -> None:
    low, high = wilson(passed, passed + missed)
    assert 0 <= low <= high <= 1
    if passed + missed:
        assert low <= passed / (passed + missed) + 1e-12
        assert high >= passed / (passed + missed) - 1e-12


@pytest.mark.parametrize(
    ("one", "other", "p"), [(0, 0, 1.0), (5, 5, 1.0), (10, 0, 2 / 1024), (8, 2, 0.109375), (2_000, 0, 0.0)]
)
def test_the_exact_test_of_pairs(one: int, other: int, p: float) -> None:
    assert sign_test(one, other) == pytest.approx(p)
    assert sign_test(other, one) == sign_test(one, other)


def test_agreement_is_the_share_of_pairs_that_agree() -> None:
    assert agreement([[True, True, True], [True, False, True]]) == pytest.approx(4 / 6)
    assert agreement([[True], [False]]) is None


def test_kappa_is_one_of_complete_agreement_and_not_defined_without_variety() -> None:
    assert fleiss_kappa([[True, True], [False, False]]) == 1.0
    assert fleiss_kappa([[True, True], [True, True]]) is None
    assert fleiss_kappa([[True, True], [True]]) is None


def test_kappa_is_zero_where_repeats_agree_as_often_as_chance_would_have_it() -> None:
    assert fleiss_kappa([[True, True], [False, False], [True, False], [False, True]]) == pytest.approx(0.0)


def test_a_percentile_is_a_value_of_its_own() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.95, 1.0)] == [1, 2, 4, 4]
    assert percentile([], 0.5) == 0.0
