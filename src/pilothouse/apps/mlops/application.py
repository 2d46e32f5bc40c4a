"""The architect as one `App`: its workflow, its agents, and how two designs are compared."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from pilothouse import App, Difference
from pilothouse.apps.mlops import agents
from pilothouse.apps.mlops.result import MlopsResult
from pilothouse.apps.mlops.templates import TEMPLATES
from pilothouse.apps.mlops.workflow import mlops


def compare(before: MlopsResult, after: MlopsResult) -> Sequence[Difference]:
    """What changed between two designs: constraints, choices and their sizes, cost and files."""
    from pilothouse.apps.mlops.comparison import compare as compare_designs

    found = compare_designs(before.design, after.design)
    rows = [
        *(("constraints", item.name, item.was, item.becomes) for item in found.constraints),
        *(("design", item.name, item.was, item.becomes) for item in found.frame),
        *(("choices", item.role.value, item.was, item.becomes) for item in found.choices),
        *(
            (f"{item.role.value} size", change.name, change.was, change.becomes)
            for item in found.choices
            for change in item.parameters
        ),
        *(("cost", item.component, _money(item.was), _money(item.becomes)) for item in found.costs),
    ]
    if before.cost != after.cost:
        rows.append(("cost", "expected a month", f"{before.cost.expected} USD", f"{after.cost.expected} USD"))
    rows += [
        ("files", path, before.files.get(path), after.files.get(path))
        for path in sorted(before.files.keys() | after.files.keys())
        if before.files.get(path) != after.files.get(path)
    ]
    return [Difference(section=row[0], item=row[1], before=row[2], after=row[3]) for row in rows]


def _money(amount: object) -> str | None:
    return None if amount is None else f"{amount:,.2f} USD"


app = App(
    "mlops",
    workflows=[mlops],
    agents=[
        agents.intake,
        agents.coverage,
        agents.questions,
        agents.planner,
        agents.tech_critic,
        agents.cost_critic,
        agents.policy_check,
        agents.final_gate,
        agents.codegen,
        agents.validators,
        agents.rationale,
        agents.publish,
    ],
    compare=compare,
    prompts=files("pilothouse.apps.mlops") / "prompts",
    templates=TEMPLATES,
)
