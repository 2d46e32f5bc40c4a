"""The registry: one line for each dependency, terms from the settings, and what is set by hand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pilothouse.errors import SettingsInvalid
from pilothouse.resilience import BreakerTerms, Registry, State, Terms
from pilothouse.resilience.opening import open_registry, terms_in
from pilothouse.resilience.registry import Override
from pilothouse.settings import Settings


def test_a_dependency_is_made_once_and_lazily() -> None:
    registry = Registry()
    assert list(registry) == []
    made = registry.dependency("openai", Terms(deadline=5))
    assert registry.dependency("openai") is made
    assert made.terms.deadline == 5
    assert [one.name for one in registry] == ["openai"]


def test_settings_go_before_what_the_code_says_part_by_part_and_names_before_patterns() -> None:
    said = {
        "model/*": {"deadline": 20, "breaker": {"window": 50}},
        "model/openai": {"breaker": {"open_for": 5}},
        "smtp": {"retry": None},
    }
    registry = open_registry(Settings(_env_file=None, resilience=said))
    coded = Terms(deadline=9, breaker=BreakerTerms(probes=7))
    other = registry.dependency("model/other", coded).terms
    assert (other.deadline, other.breaker.window, other.breaker.probes) == (20, 50, 7)
    openai = registry.dependency("model/openai", coded).terms
    assert (openai.deadline, openai.breaker.open_for, openai.breaker.window) == (9, 5, 20)
    assert registry.dependency("smtp").terms.retry is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"x": {"breaker": {"window": 0}}}, "resilience.x.breaker.window"),
        ({"x": {"deadlin": 3}}, "resilience.x.deadlin"),
        ({"x": {"breaker": {"minimum": 0}}}, "resilience.x.breaker.minimum"),
    ],
)
def test_terms_that_are_wrong_are_named(said: dict[str, dict[str, object]], told: str) -> None:
    with pytest.raises(SettingsInvalid, match=told):
        terms_in(Settings(_env_file=None, resilience=said))


def test_the_setting_is_a_variable_or_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTHOUSE_RESILIENCE", '{"model/*": {"deadline": 12}}')
    assert terms_in(Settings(_env_file=None))["model/*"].deadline == 12


def test_what_is_set_by_hand_holds_for_those_that_come_later_and_is_let_go() -> None:
    registry = Registry()
    early = registry.dependency("a").breaker
    forced = Override(State.FORCED_OPEN, "INC-7")
    registry.override({"a": forced, "b": forced})
    late = registry.dependency("b").breaker
    assert {early.state, late.state} == {State.FORCED_OPEN}
    registry.override({"b": forced})
    assert (early.state, late.state) == (State.CLOSED, State.FORCED_OPEN)


def test_of_too_many_those_that_are_well_and_unused_are_forgotten() -> None:
    registry = Registry(most=3)
    registry.dependency("bad").breaker.trip()
    for number in range(10):
        registry.dependency(f"webhook/{number}", group="webhook")
    assert [one.name for one in registry] == ["bad", "webhook/8", "webhook/9"]
    assert registry.group_of("webhook/9") == "webhook"


def test_it_is_usable_alone() -> None:
    """What is imported from the package brings no database, no web framework and no Redis."""
    heavy = ("sqlalchemy", "psycopg", "fastapi", "starlette", "redis", "prometheus_client")
    program = f"import sys, pilothouse.resilience; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
