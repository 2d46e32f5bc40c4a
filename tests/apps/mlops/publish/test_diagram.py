from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from apps.mlops.designs import design_of
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.publish import diagram_svg
from pilothouse.apps.mlops.publish.graph import graph_of
from pilothouse.apps.mlops.publish.layout import WIDTH, layout_of
from pilothouse.apps.mlops.requirements import Cloud, Workload

SVG = "{http://www.w3.org/2000/svg}"
CASES = [(workload, cloud) for workload in Workload for cloud in Cloud]


def parsed(svg: bytes | str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own document


@pytest.mark.parametrize(("workload", "cloud"), CASES)
def test_every_component_is_drawn_once_with_its_whole_name(workload: Workload, cloud: Cloud) -> None:
    design = design_of(workload, cloud)
    root = parsed(diagram_svg(design))
    groups = {
        group.get("data-component"): " ".join(text.text or "" for text in group.iter(f"{SVG}text"))
        for group in root.iter(f"{SVG}g")
        if group.get("data-component")
    }
    assert set(groups) == {choice.component for choice in design.choices}
    for choice in design.choices:
        assert choice.name in groups[choice.component]


@pytest.mark.parametrize(("workload", "cloud"), CASES)
def test_nothing_overlaps_and_everything_is_inside(workload: Workload, cloud: Cloud) -> None:
    layout = layout_of(graph_of(design_of(workload, cloud)))
    for one, other in combinations(layout.boxes, 2):
        apart = (
            abs(one.x - other.x) >= WIDTH or one.y + one.height <= other.y or other.y + other.height <= one.y
        )
        assert apart, (one.item.key, other.item.key)
    for box in layout.boxes:
        assert 0 <= box.x <= layout.width - WIDTH
        assert 0 <= box.y <= layout.height - box.height
    for route in layout.routes:
        assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in route.points)
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in zip(route.points, route.points[1:], strict=False))


def test_requests_lead_to_serving_and_models_come_from_the_registry() -> None:
    flows = {(flow.start, flow.end) for flow in graph_of(design_of(Workload.ONLINE, Cloud.AWS)).flows}
    assert {("client", "gateway"), ("gateway", "serving"), ("registry", "serving")} <= flows
    assert {("sources", "storage"), ("training", "registry"), ("storage", "training")} <= flows


def test_workloads_differ_in_what_flows() -> None:
    told = {
        workload: {
            (flow.start, flow.end, flow.label) for flow in graph_of(design_of(workload, Cloud.AWS)).flows
        }
        for workload in Workload
    }
    assert ("storage", "serving", "batches") in told[Workload.BATCH]
    assert ("ingest", "serving", "events") in told[Workload.STREAMING]
    assert ("serving", "vector_store", "search") in told[Workload.RAG]
    assert any(start == "serving" and label == "telemetry" for start, _, label in told[Workload.EDGE])
    assert len({frozenset(flows) for flows in told.values()}) == len(told)


def test_a_design_that_only_trains_hands_its_model_over() -> None:
    design = design_of(Workload.TRAINING, Cloud.GCP, swaps={Role.SERVING: "", Role.GATEWAY: ""})
    graph = graph_of(design)
    assert ("registry", "client", "model") in {(flow.start, flow.end, flow.label) for flow in graph.flows}
    parsed(diagram_svg(design))


def test_text_is_escaped_and_nothing_is_loaded() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS)
    hostile = design.choices[0].model_copy(update={"name": '<script>"&', "component": 'a"><script>'})
    written = diagram_svg(design.model_copy(update={"choices": (hostile, *design.choices[1:])})).decode()
    assert "<script" not in written
    assert parsed(written).tag == f"{SVG}svg"
    for word in ("href", "url(http", "<image", "<style", "@import", "foreignObject"):
        assert word not in written


def test_two_components_in_one_role_stand_side_by_side() -> None:
    design = design_of(Workload.ONLINE, Cloud.AWS)
    store = design.choice(Role.STORAGE)
    assert store is not None
    second = store.model_copy(update={"component": "second", "name": "Second"})
    keys = [
        box.item.key
        for box in layout_of(graph_of(design.model_copy(update={"choices": (*design.choices, second)}))).boxes
    ]
    assert {"storage", "storage.1"} <= set(keys)
