"""Reads the check cases of the pricing benchmark: Terraform files, usage files and known monthly costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import hcl2
import yaml
from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.model import Resource
from terraform_links import connect
from terraform_values import Scope, evaluate

DEFAULT_REGION = "us-east-1"
TREE = re.compile(r"^[ │├└─]+")
COST = re.compile(r"(?:\$([\d,]+\.\d+)|([\d,]+\.\d+) 元)\s*\**\s*$")
DEPENDS = re.compile(r"Monthly cost depends on usage: (?:\$([\d,.]+)|([\d,.]+) 元) per (.+?)\s*$")


@dataclass(frozen=True)
class KnownLine:
    """One line of a known bill: its monthly cost, or the unit price of what depends on usage."""

    name: str
    cost: Decimal | None
    unit_price: Decimal | None


@dataclass(frozen=True)
class Case:
    """One resource with its usage and its known lines, in `currency`."""

    file: str
    resource: Resource
    usage: Mapping[str, JsonValue]
    known: tuple[KnownLine, ...]
    currency: str


def _blocks(content: Mapping[str, JsonValue], name: str) -> Iterator[tuple[list[str], dict[str, JsonValue]]]:
    """Every block called `name` with its labels, outermost first."""

    def walk(value: JsonValue, labels: list[str]) -> Iterator[tuple[list[str], dict[str, JsonValue]]]:
        if not isinstance(value, dict):
            return
        if value.get("__is_block__"):
            yield labels, value
            return
        for label, inner in value.items():
            yield from walk(inner, [*labels, label.strip('"')])

    found = content.get(name)
    for value in found if isinstance(found, list) else []:
        yield from walk(value, [])


def _scope(content: Mapping[str, JsonValue]) -> Scope:
    variables = {
        labels[0]: evaluate(body.get("default"), Scope()) for labels, body in _blocks(content, "variable")
    }
    named: dict[str, JsonValue] = {}
    for _, body in _blocks(content, "locals"):
        named.update({key: value for key, value in body.items() if not key.startswith("__")})
    return Scope(variables, named)


def _regions(content: Mapping[str, JsonValue], scope: Scope) -> dict[str, str]:
    """Region by provider reference ("aws", "aws.ue2"); the first provider also stands for the default."""
    regions: dict[str, str] = {}
    for labels, body in _blocks(content, "provider"):
        region, alias = evaluate(body.get("region"), scope), evaluate(body.get("alias"), scope)
        if isinstance(region, str):
            regions[f"{labels[0]}.{alias}" if isinstance(alias, str) else labels[0]] = region
    if "aws" not in regions and regions:
        regions["aws"] = next(iter(regions.values()))
    return regions


def _instances(body: dict[str, JsonValue], scope: Scope) -> Iterator[tuple[str, Scope]]:
    """The address suffix and the scope of every instance that count and for_each make."""
    each, count = evaluate(body.get("for_each"), scope), evaluate(body.get("count"), scope)
    if isinstance(each, dict):
        for key, value in each.items():
            yield f'["{key}"]', replace(scope, each=(key, value))
    elif isinstance(count, int) and not isinstance(count, bool):
        for index in range(count):
            yield f"[{index}]", replace(scope, count=index)
    else:
        yield "", scope


def read_resources(path: Path) -> list[Resource]:
    """The resources of a Terraform file, loops unrolled and references between them resolved."""
    content: dict[str, JsonValue] = hcl2.loads(path.read_text())
    scope = _scope(content)
    regions = _regions(content, scope)
    found: list[Resource] = []
    for (kind, name), body in ((labels, body) for labels, body in _blocks(content, "resource")):
        provider = str(body.get("provider") or "aws").strip('${}"')
        region = regions.get(provider, regions.get("aws", DEFAULT_REGION))
        for suffix, inner in _instances(body, scope):
            attributes = evaluate(body, inner)
            if isinstance(attributes, dict):
                address = f"{kind}.{name}{suffix}"
                found.append(Resource(type=kind, address=address, region=region, attributes=attributes))
    return found


def read_usage(path: Path) -> dict[str, dict[str, JsonValue]]:
    """Usage by resource address, wildcard address ("a.b[*]") or resource type."""
    if not path.is_file():
        return {}
    content = yaml.safe_load(path.read_text()) or {}
    merged: dict[str, dict[str, JsonValue]] = {}
    for part in ("resource_type_default_usage", "resource_usage"):
        for address, usage in (content.get(part) or {}).items():
            merged[str(address)] = dict(usage or {})
    return merged


def usage_of(resource: Resource, usages: Mapping[str, dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """The usage that holds for one resource: its type's, its wildcard's, then its own."""
    wildcard = re.sub(r"\[[^\]]*\]$", "[*]", resource.address)
    merged: dict[str, JsonValue] = {}
    for key in (resource.type, wildcard, resource.address):
        merged.update(usages.get(key, {}))
    return merged


def read_known(path: Path) -> dict[str, tuple[KnownLine, ...]]:
    """The known lines of every resource in a table of monthly costs."""
    found: dict[str, list[KnownLine]] = {}
    current = ""
    for line in path.read_text().splitlines():
        if line.startswith(" OVERALL TOTAL"):
            break
        bare = line.strip()
        if (
            line.startswith(" ")
            and not TREE.match(line.replace(" ", "", 1))
            and re.match(r"^aws_\w+\.", bare)
        ):
            current = bare
            found[current] = []
            continue
        if not current or not re.match(r"^[ │]*[├└]", line):
            continue
        name = re.split(r"\s{2,}", TREE.sub("", line).strip())[0]
        depends, cost = DEPENDS.search(line), COST.search(line)
        if depends:
            price = Decimal((depends.group(1) or depends.group(2)).replace(",", ""))
            found[current].append(KnownLine(name, None, price))
        elif cost:
            amount = Decimal((cost.group(1) or cost.group(2)).replace(",", ""))
            found[current].append(KnownLine(name, amount, None))
    return {address: tuple(lines) for address, lines in found.items()}


def read_cases(folder: Path) -> list[Case]:
    """Every resource with known lines in every test of `folder`."""
    cases: list[Case] = []
    for golden in sorted(folder.glob("*.golden")):
        stem = golden.with_suffix("")
        resources = read_resources(stem.with_suffix(".tf"))
        usages = read_usage(Path(f"{stem}.usage.yml"))
        linked = {resource.address: resource for resource in connect(resources, usages)}
        currency = "CNY" if "(CNY)" in golden.read_text() else "USD"
        for address, known in read_known(golden).items():
            resource = linked.get(address)
            if resource is None:
                region = str(usages.get(address, {}).get("region", DEFAULT_REGION))
                resource = Resource(type=address.partition(".")[0], address=address, region=region)
            cases.append(Case(stem.name, resource, usage_of(resource, usages), known, currency))
    return cases
