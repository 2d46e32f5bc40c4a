"""Flags: off unless set, a tenant's own before that for all, and a stable share of subjects."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.kit.share import share
from pilothouse.switches.flags import FlagSet, Setting


def test_a_flag_that_is_not_set_is_off() -> None:
    assert not FlagSet({}).on("new", "acme")


def test_a_tenants_own_flag_goes_before_that_for_all() -> None:
    flags = FlagSet({("new", ""): Setting(True), ("new", "acme"): Setting(False)})
    assert flags.on("new", "globex")
    assert not flags.on("new", "acme")


@given(st.text(max_size=20), st.decimals(0, 100, places=2), st.decimals(0, 100, places=2))
@settings(max_examples=100)
def test_a_share_that_is_raised_keeps_all_whom_it_had(subject: str, one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    on = [
        FlagSet({("new", ""): Setting(True, percentage)}).on("new", "acme", subject)
        for percentage in (Decimal(0), less, more, Decimal(100))
    ]
    assert on == sorted(on)
    assert (on[0], on[3]) == (False, True)


def test_a_share_is_that_of_all_subjects_and_another_for_each_flag() -> None:
    half = FlagSet({(name, ""): Setting(True, Decimal(30)) for name in ("a", "b")})
    chosen = {name: {n for n in range(4_000) if half.on(name, "acme", str(n))} for name in ("a", "b")}
    assert all(1_080 < len(those) < 1_320 for those in chosen.values())
    assert 280 < len(chosen["a"] & chosen["b"]) < 440


def test_without_a_subject_it_is_the_tenant_that_is_in_or_out() -> None:
    flags = FlagSet({("new", ""): Setting(True, share("new", "acme") + Decimal("0.01"))})
    assert flags.on("new", "acme")
