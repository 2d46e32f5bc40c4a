"""Resolves references between the resources of a check case, so that each can be priced by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.model import Resource
from terraform_values import TOKEN

Usages = Mapping[str, Mapping[str, JsonValue]]


def _target(value: JsonValue, resources: Sequence[Resource], kind: str) -> Resource | None:
    """The resource of type `kind` that `value` refers to by token, or by its literal name or identifier."""
    if not isinstance(value, str) or not value:
        return None
    token = TOKEN.search(value)
    for resource in resources:
        if resource.type != kind:
            continue
        if token is not None and resource.address.partition("[")[0] == token.group(1):
            return resource
        literal = value.rpartition("/")[2]
        if token is None and literal in (
            resource.attributes.get("name"),
            resource.attributes.get("identifier"),
        ):
            return resource
    return None


def _with(resource: Resource, changes: Mapping[str, JsonValue]) -> Resource:
    return resource.model_copy(update={"attributes": {**resource.attributes, **changes}})


def _first(value: JsonValue) -> dict[str, JsonValue]:
    held = value[0] if isinstance(value, list) and value else value
    return dict(held) if isinstance(held, dict) else {}


def _template_of(value: JsonValue, resources: Sequence[Resource]) -> dict[str, JsonValue]:
    held = _first(value)
    named = (
        held.get("id")
        or held.get("name")
        or held.get("launch_template_id")
        or held.get("launch_template_name")
    )
    target = _target(named, resources, "aws_launch_template")
    return {**held, "attributes": dict(target.attributes)} if target else held


def _launch(resource: Resource, resources: Sequence[Resource]) -> Resource:
    changes: dict[str, JsonValue] = {}
    attributes = resource.attributes
    if "launch_template" in attributes:
        changes["launch_template"] = _template_of(attributes["launch_template"], resources)
    target = _target(attributes.get("launch_configuration"), resources, "aws_launch_configuration")
    if target is not None:
        changes["launch_configuration"] = {"attributes": dict(target.attributes)}
    policy = _first(attributes.get("mixed_instances_policy"))
    if policy:
        template = _first(policy.get("launch_template"))
        template["launch_template_specification"] = _template_of(
            template.get("launch_template_specification"), resources
        )
        changes["mixed_instances_policy"] = {**policy, "launch_template": template}
    return _with(resource, changes)


def _inherited(resource: Resource, resources: Sequence[Resource]) -> Resource:
    """What a resource takes from the one it points to: a replica its source's engine, a task its size."""
    attributes = resource.attributes
    links = {
        "aws_db_instance": (
            "replicate_source_db",
            "aws_db_instance",
            ("engine", "engine_version", "allocated_storage"),
        ),
        "aws_rds_cluster_instance": ("cluster_identifier", "aws_rds_cluster", ("engine", "storage_type")),
    }
    if resource.type in links:
        key, kind, names = links[resource.type]
        target = _target(attributes.get(key), resources, kind)
        if target is not None:
            given = {name: target.attributes.get(name) for name in names if attributes.get(name) is None}
            return _with(resource, {name: value for name, value in given.items() if value is not None})
    if resource.type == "aws_ecs_service":
        task = _target(attributes.get("task_definition"), resources, "aws_ecs_task_definition")
        return resource if task is None else _with(resource, {"task_definition": dict(task.attributes)})
    if resource.type in ("aws_ebs_snapshot", "aws_ebs_snapshot_copy"):
        source = _target(attributes.get("source_snapshot_id"), resources, "aws_ebs_snapshot")
        volume = _target((source or resource).attributes.get("volume_id"), resources, "aws_ebs_volume")
        if volume is not None:
            return _with(resource, {"volume_size": volume.attributes.get("size") or 8})
    return resource


def _scaled(resource: Resource, targets: Sequence[Resource], usages: Usages) -> Resource:
    """Capacity set by autoscaling: the target's stated usage, else its minimum."""
    for target in targets:
        pointed = _target(target.attributes.get("resource_id"), [resource], resource.type)
        if pointed is None:
            continue
        stated = usages.get(target.address, {}).get("capacity")
        capacity = target.attributes.get("min_capacity") if stated is None else stated
        dimension = str(target.attributes.get("scalable_dimension"))
        if dimension == "dynamodb:table:ReadCapacityUnits":
            resource = _with(resource, {"read_capacity": capacity})
        elif dimension == "dynamodb:table:WriteCapacityUnits":
            resource = _with(resource, {"write_capacity": capacity})
        elif dimension == "kafka:broker-storage:VolumeSize":
            group = _first(resource.attributes.get("broker_node_group_info"))
            group["storage_info"] = {"ebs_storage_info": {"volume_size": capacity}}
            resource = _with(resource, {"broker_node_group_info": group})
    return resource


def connect(resources: Sequence[Resource], usages: Usages) -> list[Resource]:
    """The same resources with what they take from each other filled in."""
    targets = [one for one in resources if one.type == "aws_appautoscaling_target"]
    launching = ("aws_instance", "aws_autoscaling_group", "aws_eks_node_group")
    connected: list[Resource] = []
    for resource in resources:
        changed = _launch(resource, resources) if resource.type in launching else resource
        connected.append(_scaled(_inherited(changed, resources), targets, usages))
    return connected
