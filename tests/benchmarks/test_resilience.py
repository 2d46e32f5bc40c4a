"""The benchmark of resilience in short: its simulations reach what they must."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pilothouse.model_settings import RungTerms
from pilothouse.resilience import Terms

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The benchmark logs errors alone: thousands of lines about failed calls would be what is measured."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


def test_few_openings_are_false_and_none_comes_too_early() -> None:
    import resilience

    (false, early), notes = resilience.false_openings(10_000)
    assert false.value < 0.05  # of few openings; the whole benchmark holds it against 1 %
    assert early.value == 0
    assert len(notes) == 8


def test_in_an_outage_the_provider_gets_probes_only() -> None:
    import resilience

    measures, _ = resilience.outage(130)
    found = {one.measure: one for one in measures}
    assert found["outage: attempts per call"].value < 0.01
    assert found["outage: attempts per call, breaker disabled"].value <= 1.2
    assert found["outage: attempts past an open breaker"].value == 0
    assert resilience.without_retry_storm().value > 2.5


def test_recovery_takes_as_long_as_a_breaker_is_open_after_outages_shorter_than_that() -> None:
    import resilience

    (usual, sooner, attempts), notes = resilience.recovery([5])
    assert 50 < usual.value < 60
    assert sooner.value < 2
    assert attempts.value < 0.2
    assert len(notes) == 2


def test_the_full_form_has_the_defaults_of_the_product() -> None:
    import resilience_models

    assert resilience_models.Form().terms == Terms()
    assert resilience_models.Form().deadline == RungTerms(rung="model").deadline


def test_a_recovery_lasts_to_the_first_answer_of_the_first_model_or_to_the_next_outage() -> None:
    from resilience_models import Call, Form, recoveries

    even = [Call(due, due + 0.5, "fallback:two:m") for due in range(400)]
    answered = [call if call.due < 64 else Call(call.due, call.ended, "model:one:m") for call in even]
    found, settled = recoveries(answered, 60.0, Form())
    assert (found[0], found[1], settled) == (4.5, 0.5, pytest.approx(1, abs=0.02))
    assert recoveries(even, 60.0, Form()) == ([60.0, 60.0, 60.0], 0.0)


def test_while_providers_fail_every_call_is_answered_and_the_first_one_comes_back() -> None:
    from resilience_models import Form, availability

    measures, notes = availability(Form(seconds=2.2, scale=0.02, rate=15))
    answered, by_model, p99, recovered, _ = (one.value for one in measures)
    assert answered == 100
    assert by_model >= 90, notes  # of few calls; the whole benchmark holds it against 99 %
    assert p99 < 6, notes  # two rungs of three seconds each
    assert recovered < 1.2, notes  # it has answered before its next outage
    assert "fallback 0" not in notes[0]


def test_wrong_answers_are_repaired_and_what_is_left_is_the_experts() -> None:
    from resilience_models import structured

    (valid, by_model), (note,) = structured(40)
    assert valid.value == 100
    assert by_model.value >= 90
    requests = int(note.partition(" requests")[0].rpartition(" ")[2])
    assert requests > 45  # some were wrong
