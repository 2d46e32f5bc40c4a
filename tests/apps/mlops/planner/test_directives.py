"""What critics ask for changes the plan, and nothing else is understood."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.design import Design, Objection, Role
from pilothouse.apps.mlops.planner import DirectiveError, plan
from pilothouse.apps.mlops.planner.directives import add_replicas, exclude, read_directives
from pilothouse.apps.mlops.planner.reading import read
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Cloud, Requirements, Workload

Ask = Callable[..., Requirements]


def objections(*directives: str) -> tuple[Objection, ...]:
    return tuple(
        Objection(critic="test", check="test", reason="because", directive=directive)
        for directive in directives
    )


@pytest.fixture
def made(ask: Ask, catalogue: Catalogue, book: PriceBook) -> Callable[..., Design]:
    def make(*directives: str, **given: object) -> Design:
        wish = {"workload": Workload.ONLINE, "cloud": Cloud.AWS, **given}
        return plan(ask(**wish), catalogue, book, objections(*directives), round=2)

    return make


def component(design: Design, role: Role) -> str:
    choice = design.choice(role)
    assert choice is not None
    return choice.component


def test_an_excluded_component_is_replaced_and_listed_with_the_reason(made: Callable[..., Design]) -> None:
    first = component(made(), Role.SERVING)
    second = made(exclude(first))
    assert component(second, Role.SERVING) != first
    choice = second.choice(Role.SERVING)
    assert choice is not None
    assert {entry.component: entry.reason for entry in choice.rejected}[first] == (
        "was excluded by a critic's objection"
    )
    assert second.round == 2


def test_the_last_component_for_a_role_is_kept_and_the_design_says_so(made: Callable[..., Design]) -> None:
    design = made(exclude("aws-s3"))
    assert component(design, Role.STORAGE) == "aws-s3"
    assert any("aws-s3" in line and "critic objected" in line for line in design.assumptions)


def test_replicas_are_added_to_a_role(made: Callable[..., Design]) -> None:
    only = {"excluded_technologies": ("lambda", "sagemaker", "kubernetes")}
    before = made(**only).choice(Role.SERVING)
    after = made(add_replicas(Role.SERVING), add_replicas(Role.SERVING), **only).choice(Role.SERVING)
    assert before is not None
    assert after is not None
    assert int(after.parameters["replicas"]) == int(before.parameters["replicas"]) + 2


def test_replicas_are_added_where_a_sizing_and_not_a_machine_sets_them(made: Callable[..., Design]) -> None:
    given = {"cloud": Cloud.KUBERNETES}
    before, after = (made(*d, **given).choice(Role.GATEWAY) for d in ((), (add_replicas(Role.GATEWAY),)))
    assert before is not None
    assert after is not None
    assert int(after.parameters["replicas"]) == int(before.parameters["replicas"]) + 1


def test_availability_is_raised_by_a_standby_region(
    made: Callable[..., Design], catalogue: Catalogue
) -> None:
    before, after = made(), made("raise_availability")
    assert read(after, catalogue).availability > read(before, catalogue).availability
    assert len(read(after, catalogue).regions) == 2


def test_latency_and_cost_gain_weight_when_they_are_objected_to(made: Callable[..., Design]) -> None:
    usual, quick, cheap = made(), made("reduce_latency"), made("reduce_cost", "reduce_cost")
    assert quick.score.weights["latency"] > usual.score.weights["latency"]
    assert cheap.score.weights["cost"] > usual.score.weights["cost"]
    assert sum(quick.score.weights.values()) == pytest.approx(1, abs=1e-3)
    assert cheap.bill.expected <= usual.bill.expected


def test_reducing_latency_picks_a_faster_path(made: Callable[..., Design], catalogue: Catalogue) -> None:
    given = {"latency_ms": 120.0}
    slow, fast = made(**given), made(*["reduce_latency"] * 3, **given)
    assert read(fast, catalogue).latency_ms < read(slow, catalogue).latency_ms


def test_an_objection_never_costs_a_constraint(made: Callable[..., Design]) -> None:
    given = {"latency_ms": 47.0}
    assert component(made(**given), Role.SERVING) == "aws-eks"
    kept = made(exclude("aws-eks"), **given)
    assert component(kept, Role.SERVING) == "aws-eks"
    assert not kept.relaxations
    assert any(line.startswith("Objections were set aside") for line in kept.assumptions)
    assert kept.round == 2


@pytest.mark.parametrize(
    "directive",
    ["", "make_it_better", "exclude", "exclude:", "add_replicas:", "add_replicas:nothing", "reduce_cost:10"],
)
def test_an_unknown_directive_is_refused_with_the_vocabulary(directive: str) -> None:
    with pytest.raises(DirectiveError, match=r"reduce_cost, raise_availability, .*exclude:<component>"):
        read_directives(objections(directive))
