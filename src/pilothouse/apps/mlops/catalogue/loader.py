"""Reads the catalogue's TOML files, checks every entry, and says which entry of which file is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from pilothouse.apps.mlops.catalogue.facts import Recipe
from pilothouse.apps.mlops.catalogue.formula import FormulaError, parse_formula
from pilothouse.apps.mlops.catalogue.model import Catalogue, Component, Platform
from pilothouse.apps.mlops.catalogue.variables import MACHINE_VARIABLES, VARIABLES
from pilothouse.apps.mlops.catalogue.workloads import ModelProfile, UseCaseProfile, WorkloadShape

Table: TypeAlias = dict[str, JsonValue]
Entry = TypeVar("Entry", bound=BaseModel)

FOLDER = Path(__file__).parent
PLATFORM_FILES = ("aws.toml", "gcp.toml", "azure.toml", "kubernetes.toml")
SHAPE_FILE = "workloads.toml"


class CatalogueError(ValueError):
    """A catalogue file is missing, is not TOML, or has an entry that is not valid."""


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """The catalogue of `folder`, checked. Raises `CatalogueError` naming the file and the entry."""
    components: list[Component] = []
    platforms: list[Platform] = []
    for name in PLATFORM_FILES:
        tables = _read(folder / name)
        platform = tables.get("platform")
        if not isinstance(platform, dict):
            raise CatalogueError(f"{name}: the table [platform] is missing.")
        compliance = platform.pop("compliance", {})
        platforms.append(_entry(Platform, platform, name, "platform"))
        components += [
            _component(table, compliance, platform["cloud"], name)
            for table in _list(tables, "component", name)
        ]
    _check_unique(component.id for component in components)
    shapes = _read(folder / SHAPE_FILE)
    return Catalogue(
        components=tuple(components),
        platforms=tuple(platforms),
        workloads=_entries(WorkloadShape, shapes, "workload"),
        models=_entries(ModelProfile, shapes, "model"),
        use_cases=_entries(UseCaseProfile, shapes, "use_case"),
    )


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueError(f"{path.name}: the catalogue file is missing from {path.parent}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name}: not valid TOML: {error}.") from error


def _list(tables: Table, key: str, file: str) -> list[Table]:
    value = tables.get(key)
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise CatalogueError(f"{file}: [[{key}]] entries are missing.")
    return [table for table in value if isinstance(table, dict)]


def _entry(kind: type[Entry], table: JsonValue, file: str, entry: str) -> Entry:
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'entry'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise CatalogueError(f"{file}, entry {entry!r}: {problems}.") from error


def _entries(kind: type[Entry], tables: Table, key: str) -> tuple[Entry, ...]:
    return tuple(
        _entry(kind, table, SHAPE_FILE, str(table.get("id", f"{key} {number}")))
        for number, table in enumerate(_list(tables, key, SHAPE_FILE), start=1)
    )


def _component(table: Table, compliance: JsonValue, cloud: JsonValue, file: str) -> Component:
    name = str(table.get("id", "component without an id"))
    own = table.get("compliance", {})
    if isinstance(compliance, dict) and isinstance(own, dict):
        table["compliance"] = {**compliance, **own}
    table.setdefault("cloud", cloud)
    table.setdefault("clouds", [cloud])
    component = _entry(Component, table, file, name)
    _check_formulas(component, file)
    return component


def _check_formulas(component: Component, file: str) -> None:
    known = set(VARIABLES)
    where = f"{file}, entry {component.id!r}"
    if component.machine is not None:
        rule = component.machine
        for quantity in (rule.vcpu, rule.memory_gb, rule.gpu, rule.minimum):
            _check_names(quantity, known, where)
        known |= MACHINE_VARIABLES | {rule.count}
    for name, value in component.sizing.items():
        _check_names(value, known, where)
        known.add(name)
    _check_names(component.capacity_rps, known, where)
    _check_names(component.limits.max_units, known, where)
    if component.latency is not None:
        _check_names(component.latency.p50_ms, known, where)
        _check_names(component.latency.p99_ms, known, where)
    for recipe in component.resources:
        check_recipe(recipe, known, f"{where}, resource {recipe.name!r}")


def check_recipe(recipe: Recipe, known: set[str], where: str) -> None:
    """Check that every formula in `recipe` reads known variables only. Raises `CatalogueError`."""
    for value in (recipe.attributes, recipe.usage, recipe.count, recipe.when):
        _check_names(value, known, where)


def _check_names(value: object, known: set[str], where: str) -> None:
    if isinstance(value, Mapping):
        for inner in value.values():
            _check_names(inner, known, where)
    elif isinstance(value, list):
        for inner in value:
            _check_names(inner, known, where)
    elif isinstance(value, str) and value[:1] in {"=", "?"}:
        try:
            unknown = parse_formula(value[1:]).names - known
        except FormulaError as error:
            raise CatalogueError(f"{where}: {error}") from error
        if unknown:
            raise CatalogueError(
                f"{where}: the formula {value!r} reads {', '.join(sorted(unknown))}, which nothing sets."
            )


def _check_unique(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for component_id in ids:
        if component_id in seen:
            raise CatalogueError(f"The component {component_id!r} stands in the catalogue twice.")
        seen.add(component_id)
