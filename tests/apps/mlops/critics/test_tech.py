"""The tech critic finds what is wrong, in numbers, and asks for something the planner can do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.critics import review_technically
from pilothouse.apps.mlops.design import Check, Choice, Design, Review, Role, Verdict
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Cloud, Constraint, Requirements, Skill, Workload

Ask = Callable[..., Requirements]
CONTAINERS = {"excluded_technologies": ("lambda", "sagemaker", "kubernetes"), "cloud": Cloud.AWS}


@pytest.fixture
def design(ask: Ask, catalogue: Catalogue, book: PriceBook) -> Callable[..., Design]:
    return lambda **given: plan(ask(**{"workload": Workload.ONLINE, **CONTAINERS, **given}), catalogue, book)


def check(review: Review, name: str) -> Check:
    return next(found for found in review.checks if found.id == name)


def changed(design: Design, role: Role, **update: object) -> Design:
    choices = tuple(c.model_copy(update=update) if c.role is role else c for c in design.choices)
    return design.model_copy(update={"choices": choices})


def resized(design: Design, role: Role, **parameters: object) -> Design:
    choice = design.choice(role)
    assert choice is not None
    return changed(design, role, parameters={**choice.parameters, **parameters})


def demanding(design: Design, **update: object) -> Design:
    """The same design under harder requirements than it was made for."""
    stated = {name: Constraint(value=value) for name, value in update.items()}
    requirements = design.requirements.model_copy(update=stated)
    known = {name: value for name, value in update.items() if name in {"latency_ms", "availability"}}
    return design.model_copy(
        update={"requirements": requirements, "demand": design.demand.model_copy(update=known)}
    )


def test_a_sound_design_passes_with_measured_numbers(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    review = review_technically(design(latency_ms=150.0, availability=0.999), catalogue)
    assert review.passed
    assert not review.objections
    latency = check(review, "latency")
    assert latency.measured is not None
    assert latency.limit is not None
    assert latency.measured.unit == "ms"
    assert latency.measured.value < latency.limit.value == 150
    assert "ms to spare" in latency.detail
    availability = check(review, "availability")
    assert availability.measured is not None
    assert availability.measured.value == pytest.approx(0.9999**3)


def test_a_slow_path_is_sent_back(design: Callable[..., Design], catalogue: Catalogue) -> None:
    review = review_technically(demanding(design(), latency_ms=10.0), catalogue)
    assert check(review, "latency").verdict is Verdict.FAIL
    assert [o.directive for o in review.objections if o.check == "latency"] == ["reduce_latency"]


def test_a_goal_that_is_missed_and_a_tight_limit_only_warn(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    goal = design().model_copy(update={"demand": design().demand.model_copy(update={"latency_ms": 10.0})})
    assert check(review_technically(goal, catalogue), "latency").verdict is Verdict.WARN
    total = check(review_technically(design(), catalogue), "latency").measured
    assert total is not None
    tight = demanding(design(), latency_ms=total.value * 1.05)
    assert check(review_technically(tight, catalogue), "latency").verdict is Verdict.WARN


def test_relaxed_limits_warn_and_name_the_relaxation(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    review = review_technically(design(latency_ms=1.0, availability=0.999999, deadline_weeks=0.5), catalogue)
    for name, words in (("latency", "relaxed from 1 ms"), ("availability", "relaxed from 99.9999 %")):
        assert check(review, name).verdict is Verdict.WARN
        assert words in check(review, name).detail
    assert check(review, "setup").verdict is Verdict.WARN
    assert review.passed


def test_too_little_capacity_and_no_reserve_are_sent_back_for_replicas(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    big = design(throughput_rps=2000.0)
    review = review_technically(resized(big, Role.SERVING, replicas=3), catalogue)
    assert check(review, "capacity:aws-ecs-fargate").verdict is Verdict.FAIL
    assert "add_replicas:serving" in {o.directive for o in review.objections}
    serving = big.choice(Role.SERVING)
    assert serving is not None
    peak = big.demand.peak_rps
    each = float(serving.parameters["cpu"]) * 1000 / 3
    exact = int(peak / each) + 1
    no_reserve = review_technically(resized(big, Role.SERVING, replicas=exact), catalogue)
    assert check(no_reserve, "loss:aws-ecs-fargate").verdict is Verdict.FAIL
    assert review_technically(big, catalogue).passed


def test_a_single_unit_on_the_path_is_found(design: Callable[..., Design], catalogue: Catalogue) -> None:
    alone = resized(design(availability=0.999), Role.SERVING, replicas=1)
    review = review_technically(alone, catalogue)
    assert check(review, "single-point:aws-ecs-fargate").verdict is Verdict.FAIL
    assert check(review, "availability").verdict is Verdict.FAIL
    assert {o.directive for o in review.objections} >= {"raise_availability"}
    without_a_promise = review_technically(resized(design(), Role.SERVING, replicas=1), catalogue)
    assert check(without_a_promise, "single-point:aws-ecs-fargate").verdict is Verdict.WARN


def test_a_limit_that_is_near_warns_and_one_that_is_passed_fails(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    for replicas, verdict in ((2, Verdict.PASS), (700, Verdict.WARN), (2000, Verdict.FAIL)):
        review = review_technically(resized(design(), Role.SERVING, replicas=replicas), catalogue)
        assert check(review, "scaling:aws-ecs-fargate").verdict is verdict


def test_a_training_that_does_not_end_in_time_is_sent_back(
    design: Callable[..., Design], catalogue: Catalogue
) -> None:
    daily = design(retraining_days=1.0)
    training = daily.choice(Role.TRAINING)
    assert training is not None
    for hours, verdict in ((30.4 * 2, Verdict.PASS), (30.4 * 21, Verdict.WARN), (30.4 * 30, Verdict.FAIL)):
        review = review_technically(resized(daily, Role.TRAINING, hours_per_month=hours), catalogue)
        assert check(review, f"window:{training.component}").verdict is verdict
    assert "add_replicas:training" in {o.directive for o in review.objections}


def test_skill_is_compared_per_component_and_two_levels_are_sent_back(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    given = {"workload": Workload.ONLINE, "cloud": Cloud.AWS, "existing_stack": ("kubernetes", "batch")}
    made = plan(ask(**given), catalogue, book)
    assert {"aws-eks", "aws-batch"} & {choice.component for choice in made.choices}
    novice = made.model_copy(
        update={"requirements": ask(**given, team_skill=Skill.NOVICE)},
    )
    review = review_technically(novice, catalogue)
    sent_back = {o.component: o.directive for o in review.objections if o.check.startswith("skill:")}
    assert sent_back
    assert all(directive == f"exclude:{component}" for component, directive in sent_back.items())
    again = plan(ask(**given, team_skill=Skill.NOVICE), catalogue, book, review.objections, round=2)
    assert not set(sent_back) & {choice.component for choice in again.choices}


def test_a_component_that_nothing_can_replace_warns_only(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    given = {"workload": Workload.ONLINE, "open_source_only": True, "team_skill": Skill.NOVICE}
    review = review_technically(plan(ask(**given), catalogue, book), catalogue)
    assert "nothing else fills the role" in check(review, "skill:oss-vault").detail
    assert check(review, "skill:oss-vault").verdict is Verdict.WARN


def test_a_replacement_that_breaks_a_limit_is_none(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    given = {"workload": Workload.ONLINE, "cloud": Cloud.AWS, "latency_ms": 47.0, "team_skill": Skill.NOVICE}
    review = review_technically(plan(ask(**given), catalogue, book), catalogue)
    assert check(review, "skill:aws-eks").verdict is Verdict.WARN
    assert "nothing else fills the role" in check(review, "skill:aws-eks").detail


def test_an_expert_team_passes_and_a_small_one_is_short_of_hours(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    given = {"workload": Workload.STREAMING, "cloud": Cloud.KUBERNETES, "team_skill": Skill.EXPERT}
    one = review_technically(plan(ask(**given, team_size=1), catalogue, book), catalogue)
    ten = review_technically(plan(ask(**given, team_size=10), catalogue, book), catalogue)
    assert check(one, "skill").verdict is Verdict.PASS
    assert check(one, "operation-hours").verdict is Verdict.WARN
    assert check(ten, "operation-hours").verdict is Verdict.PASS


def test_a_missed_deadline_fails(design: Callable[..., Design], catalogue: Catalogue) -> None:
    late = demanding(design(), deadline_weeks=0.2)
    assert check(review_technically(late, catalogue), "setup").verdict is Verdict.FAIL
    assert check(review_technically(design(deadline_weeks=20.0), catalogue), "setup").verdict is Verdict.PASS


def test_devices_are_no_single_point(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    review = review_technically(plan(ask(workload=Workload.EDGE, devices=5000), catalogue, book), catalogue)
    assert "1 of 5,000" in check(review, "single-point:oss-edge-runtime").detail
    assert not any(found.id.startswith("loss:") for found in review.checks)


def test_training_has_no_path_to_judge(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    review = review_technically(plan(ask(workload=Workload.TRAINING), catalogue, book), catalogue)
    assert not {"latency", "availability"} & {found.id for found in review.checks}


def test_several_regions_count_for_availability(design: Callable[..., Design], catalogue: Catalogue) -> None:
    one, two = design(), design(regions=("us", "eu"))
    first, second = (check(review_technically(d, catalogue), "availability") for d in (one, two))
    assert first.measured is not None
    assert second.measured is not None
    assert second.measured.value > first.measured.value
    assert "in 2 regions" in second.detail


def test_an_unknown_component_is_named(design: Callable[..., Design], catalogue: Catalogue) -> None:
    odd = changed(design(), Role.STORAGE, component="aws-nothing")
    assert isinstance(odd.choice(Role.STORAGE), Choice)
    with pytest.raises(KeyError, match="aws-nothing"):
        review_technically(odd, catalogue)


def test_a_design_for_less_traffic_is_judged_by_that_traffic(
    ask: Ask, catalogue: Catalogue, book: PriceBook
) -> None:
    made = plan(ask(workload=Workload.STREAMING, throughput_rps=5e7), catalogue, book)
    [relaxation] = made.relaxations
    review = review_technically(made, catalogue)
    assert relaxation.field == "throughput_rps"
    ingest = made.choice(Role.INGEST)
    assert ingest is not None
    carried = check(review, f"capacity:{ingest.component}")
    assert carried.verdict is not Verdict.FAIL
    assert carried.measured is not None
    assert carried.measured.value == pytest.approx(made.demand.peak_rps, rel=1e-4)


def test_an_assumed_budget_is_a_goal(ask: Ask, catalogue: Catalogue, book: PriceBook) -> None:
    from pilothouse.apps.mlops.critics import review_cost
    from pilothouse.apps.mlops.requirements import Origin

    given = ask(workload=Workload.ONLINE, throughput_rps=3000.0, budget=(100, "USD"))
    assumed = given.budget.model_copy(update={"origin": Origin.ASSUMED}) if given.budget else None
    made = plan(given.model_copy(update={"budget": assumed}), catalogue, book)
    assert not made.relaxations
    budget = check(review_cost(made), "budget")
    assert budget.verdict is Verdict.WARN
    assert "the budget is an assumption" in budget.detail
