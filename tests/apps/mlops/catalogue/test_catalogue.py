"""Every entry of the shipped catalogue is complete, sourced, and made of resource types that exist."""

from __future__ import annotations

import re

import pytest

from pilothouse.apps.mlops.catalogue import Component, load_catalogue
from pilothouse.apps.mlops.catalogue.variables import VARIABLES
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner.brief import make_brief
from pilothouse.apps.mlops.planner.needs import ATTESTABLE
from pilothouse.apps.mlops.planner.sheet import Place, Posture, sheet
from pilothouse.apps.mlops.pricing.pricer import FREE, PRICERS
from pilothouse.apps.mlops.requirements import Cloud, ModelFamily, Requirements, UseCase, Workload

CATALOGUE = load_catalogue()
COMPONENTS = [pytest.param(component, id=component.id) for component in CATALOGUE.components]
LICENCES = re.compile(r"^[A-Za-z0-9.-]+$")


@pytest.mark.parametrize("component", COMPONENTS)
def test_entry_is_complete_and_names_public_sources(component: Component) -> None:
    assert component.name
    assert component.summary.endswith(".")
    assert component.capabilities
    assert component.technologies
    assert component.docs.startswith("https://")
    assert component.effort.setup_days > 0
    assert component.effort.operation_hours > 0
    if component.cloud is Cloud.KUBERNETES:
        assert component.licence
        assert LICENCES.match(component.licence)
    else:
        assert component.managed
        assert component.licence is None
        assert set(component.compliance.attests) == ATTESTABLE
        assert component.compliance.source.startswith("https://")
        assert component.pricing or component.id in {"aws-iam", "gcp-iam", "azure-entra"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_entry_on_a_request_path_has_latency_availability_and_capacity(component: Component) -> None:
    on_path = {role for shape in CATALOGUE.workloads for role in shape.path}
    if not on_path & set(component.roles) or "batch_ingest" in component.capabilities:
        return
    assert component.latency is not None
    assert component.availability is not None
    assert component.availability.redundant >= (component.availability.single or 0)
    if not component.capabilities & {"batch", "serverless"}:
        assert component.capacity_rps is not None


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_resource_type_is_known_and_says_what_it_assumes(component: Component) -> None:
    for recipe in component.resources:
        assert recipe.type in PRICERS or recipe.type in FREE, recipe.type
        assert recipe.assumption.endswith("."), recipe.name
    if component.id not in {"aws-iam", "gcp-iam", "azure-entra", "oss-github-actions", "oss-edge-runtime"}:
        assert component.resources


@pytest.mark.parametrize("component", COMPONENTS)
def test_limits_bound_a_parameter_that_the_sizing_sets(component: Component) -> None:
    units = component.limits.units
    if units is None:
        return
    machine = {component.machine.count} if component.machine else set()
    assert units in set(component.sizing) | machine
    assert component.limits.max_units is not None


def test_the_catalogue_has_the_components_and_roles_that_designs_are_made_of() -> None:
    counts = {cloud: sum(c.cloud is cloud for c in CATALOGUE.components) for cloud in Cloud}
    assert counts == {Cloud.AWS: 26, Cloud.GCP: 18, Cloud.AZURE: 16, Cloud.KUBERNETES: 21}
    assert {role for component in CATALOGUE.components for role in component.roles} == set(Role)


def test_shared_resources_are_known_types() -> None:
    for platform in CATALOGUE.platforms:
        for recipe in platform.shared:
            assert recipe.type in PRICERS


@pytest.mark.parametrize("cloud", list(Cloud))
def test_every_platform_can_fill_every_required_role_of_every_workload(cloud: Cloud) -> None:
    for shape in CATALOGUE.workloads:
        for need in shape.roles:
            if not need.required:
                continue
            fitting = [
                component
                for component in CATALOGUE.offers(cloud, need.role)
                if set(need.capabilities) <= component.capabilities
            ]
            assert fitting, (cloud, shape.id, need.role)


def test_workloads_families_and_use_cases_are_all_described() -> None:
    assert {shape.id for shape in CATALOGUE.workloads} == set(Workload)
    assert {profile.id for profile in CATALOGUE.models} == set(ModelFamily)
    assert {profile.id for profile in CATALOGUE.use_cases} == set(UseCase)
    for shape in CATALOGUE.workloads:
        roles = [need.role for need in shape.roles]
        assert len(roles) == len(set(roles))
        assert set(shape.path) <= set(roles)


def test_the_sheet_sets_exactly_the_variables_that_are_documented() -> None:
    brief = make_brief(Requirements(prompt=""), CATALOGUE)
    values = sheet(brief, Posture(2), Place(region="us-east-1", share=1.0, peak_share=1.0))
    assert set(values) == set(VARIABLES)


def test_regions_have_unique_ids_and_cover_the_united_states_and_europe() -> None:
    ids = [region.id for platform in CATALOGUE.platforms for region in platform.regions]
    assert len(ids) == len(set(ids))
    for platform in CATALOGUE.platforms:
        if platform.cloud is not Cloud.KUBERNETES:
            assert {"us", "eu", "uk", "asia"} <= {region.area for region in platform.regions}


def test_an_unknown_component_is_named() -> None:
    with pytest.raises(KeyError, match="aws-nothing"):
        CATALOGUE.component("aws-nothing")
