"""The support desk as one `App`: its workflow, agents, tools, policies, and the files that it takes in."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

from pilothouse import App
from pilothouse.apps.support.agents import Judges, judges
from pilothouse.apps.support.desk import desk_over
from pilothouse.apps.support.inlets.mail import read_mail
from pilothouse.apps.support.inlets.table import read_table
from pilothouse.apps.support.resources import Resources
from pilothouse.apps.support.shop.tools import APP, tools_of
from pilothouse.apps.support.templates import TEMPLATES


def support_app(resources: Resources | None = None, **instead: object) -> App:
    """A support desk over `resources`; agents that are given by name stand `instead` of its own."""
    held = resources or Resources()
    tools = tools_of(held.shop, email_suffices=False)
    minds: Judges = replace(judges(held), **instead)  # type: ignore[arg-type]  # agents by their names
    return App(
        APP,
        workflows=[desk_over(minds, tools)],
        agents=minds.all,
        tools=tools.all,
        policies=files("pilothouse.apps.support") / "policies",
        prompts=files("pilothouse.apps.support") / "prompts",
        inlets={".eml": read_mail, ".csv": read_table},
        settle=held.settle,
        templates=TEMPLATES,
    )


app = support_app()
