"""Holds each applicable rule against a design: pass, warn or fail, with its text and the component."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.critics.findings import Finding, review
from pilothouse.apps.mlops.design import Check, Design, Review, Verdict
from pilothouse.apps.mlops.planner.brief import make_brief
from pilothouse.apps.mlops.planner.directives import exclude
from pilothouse.apps.mlops.planner.reading import apply_relaxations
from pilothouse.apps.mlops.policies.probes import Breach, Case, probe
from pilothouse.apps.mlops.policies.rules import Rule, When, load_rules
from pilothouse.apps.mlops.requirements import Requirements, UseCase

CRITIC = "policy_check"
ABOUT_PEOPLE = frozenset(
    {UseCase.CREDIT_SCORING, UseCase.MEDICAL_IMAGING, UseCase.FRAUD_DETECTION, UseCase.CHURN}
)
"""Use cases whose predictions lead to decisions about single people."""

_ORDER = {Verdict.PASS: 0, Verdict.WARN: 1, Verdict.FAIL: 2}


def check_policies(design: Design, catalogue: Catalogue, rules: tuple[Rule, ...] | None = None) -> Review:
    """Check `design` against `rules` (those shipped, without any).

    A component that breaks a rule and could be replaced is an objection to the planner; what cannot be
    designed away (a missing human review, say) stays a finding. Raises `RuleError` for a broken rules file.
    """
    requirements = apply_relaxations(design.requirements, design.relaxations)
    case = Case(
        design=design,
        requirements=requirements,
        catalogue=catalogue,
        retention_days=make_brief(requirements, catalogue).retention_days,
    )
    applicable = (rule for rule in (load_rules() if rules is None else rules) if applies(rule, requirements))
    return review(CRITIC, (finding for rule in applicable for finding in _findings(rule, case)))


def applies(rule: Rule, requirements: Requirements) -> bool:
    """Whether `rule` concerns these requirements."""
    regimes = requirements.compliance.value if requirements.compliance else ()
    if rule.regimes and not set(rule.regimes) & set(regimes):
        return False
    use_case = requirements.use_case.value if requirements.use_case else None
    holds = {
        When.PERSONAL_DATA: requirements.personal_data is not None and requirements.personal_data.value,
        When.DECIDES_ABOUT_PEOPLE: use_case in ABOUT_PEOPLE,
    }
    return all(holds[condition] for condition in rule.when)


def _findings(rule: Rule, case: Case) -> Iterator[Finding]:
    breaches = probe(rule, case)
    if not breaches:
        yield _finding(rule, Breach(Verdict.PASS, f"holds for all {len(case.design.choices)} components"), "")
    for place, breach in enumerate(sorted(breaches, key=lambda breach: -_ORDER[breach.verdict])):
        yield _finding(
            rule, breach, f":{breach.component}" if breach.component else f":{place}" if place else ""
        )


def _finding(rule: Rule, breach: Breach, suffix: str) -> Finding:
    replaceable = breach.replaceable and breach.component is not None
    return Finding(
        Check(
            id=f"{rule.id}{suffix}",
            title=rule.title,
            verdict=breach.verdict,
            rule=f"{rule.text} ({rule.source})",
            detail=breach.detail,
            component=breach.component,
        ),
        directive=exclude(breach.component) if replaceable and breach.component else None,
    )
