"""Whether the team can set the design up in time and run it: skill, hours a month, weeks until it stands."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.critics.findings import Finding, figure
from pilothouse.apps.mlops.design import Check, Choice, Verdict
from pilothouse.apps.mlops.planner.directives import exclude
from pilothouse.apps.mlops.planner.reading import Reading
from pilothouse.apps.mlops.planner.reasons import BREAKS
from pilothouse.apps.mlops.planner.scoring import setup_weeks, skill_gap, team_hours, team_size
from pilothouse.apps.mlops.requirements import Skill


def check_team(reading: Reading, catalogue: Catalogue) -> Iterator[Finding]:
    """Skill per component, operation hours and set-up time in total."""
    yield from _skills(reading, catalogue)
    components = [catalogue.component(choice.component) for choice in reading.design.choices]
    hours = sum(component.effort.operation_hours for component in components)
    yield from _operation(reading, hours)
    yield from _setup(reading, sum(component.effort.setup_days for component in components))


def _skills(reading: Reading, catalogue: Catalogue) -> Iterator[Finding]:
    stated = reading.brief.requirements.team_skill
    team = stated.value if stated else Skill.INTERMEDIATE
    missing = 0
    for choice in reading.design.choices:
        component = catalogue.component(choice.component)
        gap = skill_gap(component, reading.brief)
        if gap == 0:
            continue
        missing += 1
        other = _other(choice)
        strict = gap == 2 and other is not None
        instead = f"; {other} could stand in" if other else "; nothing else fills the role"
        yield Finding(
            Check(
                id=f"skill:{component.id}",
                title=f"Skill for {component.name}",
                verdict=Verdict.FAIL if strict else Verdict.WARN,
                rule="The team can set up and run what it is given, one level of learning allowed for",
                detail=f"asks for {component.effort.skill.value}, the team is {team.value}: "
                f"{gap} level{'s' if gap > 1 else ''} apart{instead}",
                component=component.id,
                measured=figure(float(gap), "levels"),
                limit=figure(1.0, "levels"),
            ),
            directive=exclude(component.id),
        )
    if not missing:
        yield Finding(
            Check(
                id="skill",
                title="Skill",
                verdict=Verdict.PASS,
                rule="The team can set up and run what it is given",
                detail=f"all {len(reading.design.choices)} components fit a team that is {team.value}",
            )
        )


def _other(choice: Choice) -> str | None:
    """A component that could have filled the role without breaking a limit."""
    fitting = (e for e in choice.rejected if e.score is not None and not e.reason.startswith(BREAKS))
    return next((entry.name for entry in fitting), None)


def _operation(reading: Reading, hours: float) -> Iterator[Finding]:
    available = team_hours(reading.brief)
    share = hours / available
    yield Finding(
        Check(
            id="operation-hours",
            title="Hours to run it",
            verdict=Verdict.PASS if share <= 0.8 else Verdict.WARN,
            rule="Operation takes no more than four fifths of the hours the team can give to it",
            detail=f"{hours:.0f} hours a month of {available:.0f}, a quarter of the time of "
            f"{team_size(reading.brief)} people: {share * 100:.0f} %",
            measured=figure(hours, "hours/month"),
            limit=figure(available, "hours/month"),
        )
    )


def _setup(reading: Reading, days: float) -> Iterator[Finding]:
    weeks = setup_weeks(days, reading.brief)
    deadline = reading.design.requirements.deadline_weeks
    late = deadline is not None and weeks > deadline.value
    relaxed = reading.relaxed("deadline_weeks")
    verdict = Verdict.PASS if not late else Verdict.WARN if relaxed else Verdict.FAIL
    against = f", deadline {deadline.value:g} weeks" if deadline else ""
    yield Finding(
        Check(
            id="setup",
            title="Time to set it up",
            verdict=verdict,
            rule="The platform stands before the deadline",
            detail=f"{days:.1f} person-days, {weeks:.1f} weeks for {team_size(reading.brief)} people "
            f"at three days a week{against}",
            measured=figure(weeks, "weeks"),
            limit=figure(deadline.value, "weeks") if deadline else None,
        )
    )
