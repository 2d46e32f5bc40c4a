"""The Mermaid flowchart: every component is a node, every edge joins two of them, no text breaks out."""

import re
from itertools import product

import pytest

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.codegen.facts import facts_of
from pilothouse.apps.mlops.codegen.mermaid import edges, flowchart
from pilothouse.apps.mlops.requirements import Cloud, Workload


@pytest.mark.parametrize(("workload", "cloud"), list(product(Workload, Cloud)))
def test_edges_join_nodes_that_are_drawn(workload: Workload, cloud: Cloud) -> None:
    facts = facts_of(design_of(workload, cloud), (), "fraud")
    text = flowchart(facts)
    drawn = set(re.findall(r"^ +(\w+)[\[(]", text, re.MULTILINE))

    assert len([name for name in drawn if "_" in name]) == len(facts.design.choices)
    for start, end, _ in edges(facts):
        assert {start, end} <= drawn
    assert any("source" in edge for edge in edges(facts))


def test_a_name_cannot_end_its_label() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS)
    evil = design.choices[0].model_copy(update={"name": 'x"]; click a "javascript:1" <b>\n'})
    text = flowchart(facts_of(design.model_copy(update={"choices": (evil,)}), (), "fraud"))

    line = next(line for line in text.splitlines() if "click" in line)
    assert line.count('"') == 2
    assert "#quot;" in line
    assert "<b>" not in line


def test_callers_come_in_through_the_gateway_where_there_is_one() -> None:
    facts = facts_of(design_of(Workload.ONLINE, Cloud.AWS), (), "fraud")

    ends = {end for start, end, _ in edges(facts) if start == "source"}
    assert ends == {"gateway_aws_alb"}
