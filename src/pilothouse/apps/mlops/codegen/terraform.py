"""Terraform of a design: the root module wires one module per component by their outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pilothouse.apps.mlops.codegen import hcl
from pilothouse.apps.mlops.codegen.facts import Facts
from pilothouse.apps.mlops.codegen.providers import (
    backend,
    backend_config,
    locals_of,
    provider_files,
    versions,
)
from pilothouse.apps.mlops.codegen.stack import Module, Source, nested
from pilothouse.apps.mlops.codegen.wiring import RootVariable, Wire, root_variables, vocabulary

_ROOT_VARIABLE = re.compile(r"\bvar\.(\w+)")


class Unwired(ValueError):
    """A module needs a value that nothing in the design provides."""


@dataclass(frozen=True)
class Sizing:
    """One root variable that carries a size: its name, what it is, and its value in production."""

    name: str
    wire: Wire
    title: str
    value: hcl.Literal


def terraform_files(facts: Facts) -> dict[str, str]:
    """Everything under terraform/, by path relative to the repository.

    Raises `Unwired` where a module needs an output that no other module of the design has.
    """
    sizes: list[Sizing] = []
    calls = [_call(module, facts, sizes) for module in facts.modules]
    files = {
        f"terraform/modules/{_folder(s)}/{name}": text
        for s in _sources(facts)
        for name, text in _files(s, facts)
    }
    main = locals_of(facts) + "\n" + "\n".join(calls)
    outputs = _root_outputs(facts)
    providers = provider_files(facts)
    used = _ROOT_VARIABLE.findall(main + providers + outputs)
    variables = {name: root_variables()[name] for name in sorted(set(used)) if name in root_variables()}
    return files | {
        "terraform/main.tf": main,
        "terraform/outputs.tf": outputs,
        "terraform/providers.tf": providers,
        "terraform/versions.tf": versions(facts),
        "terraform/backend.tf": backend(facts),
        "terraform/variables.tf": _root_variables(variables, sizes),
        **{
            path: text
            for environment in ("production", "staging")
            for path, text in (
                (
                    f"terraform/environments/{environment}.tfvars",
                    _tfvars(facts, environment, variables, sizes),
                ),
                (f"terraform/environments/{environment}.tfbackend", backend_config(facts, environment)),
            )
        },
    }


def _sources(facts: Facts) -> tuple[Source, ...]:
    own = {module.source.folder: module.source for module in facts.modules}
    return (*own.values(), *nested(facts.modules))


def _folder(source: Source) -> str:
    """Folder of a module in the repository; foundations of two platforms may stand side by side."""
    platform, name = source.folder.split("/", 1)
    return f"{platform}-{name}" if name == "foundation" else name


def _files(source: Source, facts: Facts) -> Iterable[tuple[str, str]]:
    yield "main.tf", source.files["main.tf"]
    yield "outputs.tf", source.files.get("outputs.tf", "")
    yield "versions.tf", versions(facts, source)
    yield from ((name, text) for name, text in source.files.items() if "/" in name)
    if source.declares_own:
        yield "variables.tf", source.files["variables.tf"]
        return
    wires = vocabulary(facts.design.cloud)
    unknown = [name for name in source.uses if name not in wires]
    if unknown:
        raise Unwired(f"{source.folder} uses variables that wiring/ does not describe: {', '.join(unknown)}.")
    yield (
        "variables.tf",
        "\n".join(
            _declaration(name, wires[name].type, wires[name].description, wires[name].default)
            for name in source.uses
        ),
    )


def _declaration(name: str, kind: str, description: str, default: str | None) -> str:
    items = [("description", hcl.quoted(description)), ("type", kind)]
    return hcl.block(f'variable "{name}"', [*items, ("default", default)] if default is not None else items)


def _call(module: Module, facts: Facts, sizes: list[Sizing]) -> str:
    """The module block; every size it takes is added to `sizes`."""
    wires = vocabulary(facts.design.cloud)
    arguments: list[tuple[str, str]] = []
    for name in module.source.uses:
        wire = wires[name]
        if wire.sizing:
            value = _size(name, module, facts)
            if value is not None:
                sizes.append(Sizing(f"{module.name}_{name}", wire, module.title, value))
                arguments.append((name, f"var.{module.name}_{name}"))
                continue
        value = _expression(wire, module, facts)
        if value is not None:
            arguments.append((name, value))
        elif wire.default is None:
            raise Unwired(
                f"{module.component} needs {name}, which no other component of this design provides."
            )
    source = [("source", hcl.quoted(f"./modules/{_folder(module.source)}"))]
    body = hcl.attributes(source) + "\n" + hcl.attributes(arguments)
    return f'# {module.title}\nmodule "{module.name}" {{\n{body}}}\n'


def _expression(wire: Wire, module: Module, facts: Facts) -> str | None:
    """What the root passes for `wire`, or None where the design has no source for it."""
    if wire.value is not None:
        return wire.value
    if wire.unless and _found(wire.unless, module, facts):
        return None
    single = _found(wire.one_of, module, facts)
    if single:
        return single[0]
    items = _found(wire.each_of, module, facts)
    lists = _found(wire.concat_of, module, facts)
    parts = [hcl.listed(items, 2), *lists] if items else lists
    if len(parts) > 1:
        return f"concat({', '.join(parts)})"
    return parts[0] if parts else None


def _found(places: Iterable[str], module: Module, facts: Facts) -> list[str]:
    """References to the outputs named "role.output" that other modules of the design have."""
    found = []
    for place in places:
        role, output = place.split(".", 1)
        found += [
            f"module.{other.name}.{output}"
            for other in facts.modules
            if other.name != module.name
            and (role in {"*", other.name} or other.name.startswith(f"{role}_"))
            and output in other.source.outputs
        ]
    return found


def _size(name: str, module: Module, facts: Facts) -> hcl.Literal:
    """The design's size, else the usual one of the component; None leaves it to the module's default."""
    value = module.parameters.get(name, facts.usual_sizes.get(module.component, {}).get(name))
    if value is None:
        value = facts.usual_sizes[""].get(name)
    wire = vocabulary(facts.design.cloud)[name]
    if wire.type == "number" and isinstance(value, (bool, float, str)):
        number = float(value)
        return int(number) if number == int(number) else number
    return value


def _root_variables(variables: Mapping[str, RootVariable], sizes: Iterable[Sizing]) -> str:
    blocks = [_declaration(name, v.type, v.description, v.default) for name, v in variables.items()]
    blocks += [
        _declaration(size.name, size.wire.type, f"{size.title}: {size.wire.description}", None)
        for size in sorted(sizes, key=lambda size: size.name)
    ]
    return "\n".join(blocks)


def _tfvars(
    facts: Facts, environment: str, variables: Mapping[str, RootVariable], sizes: Iterable[Sizing]
) -> str:
    """Values of one environment: what the design says, then sizes, then placeholders for the owner to set."""
    values = facts.of(environment)
    stated = [(name, hcl.literal(values[v.fact])) for name, v in variables.items() if v.fact is not None]
    mine = [(name, v.example) for name, v in variables.items() if v.example is not None]
    sized = [
        (size.name, hcl.literal(facts.scaled(size.name, size.value, environment)))
        for size in sorted(sizes, key=lambda size: size.name)
    ]
    parts = ["# From the requirements and the design.\n" + hcl.attributes(stated, 0)]
    if sized:
        parts.append(
            "# Sizes: the planner's for production, the smallest that work for staging.\n"
            + hcl.attributes(sized, 0)
        )
    if mine:
        parts.append("# Set these to your own before the first apply.\n" + hcl.attributes(mine, 0))
    return "\n".join(parts)


def _root_outputs(facts: Facts) -> str:
    """Outputs that people and continuous delivery read, where a module has them."""
    wanted = {
        "url": "Address of the service.",
        "address": "Address to point the service's host name at.",
        "repository_url": "Where images are pushed.",
        "deploy_identity": "Set as the repository variable DEPLOY_IDENTITY.",
        "deploy_provider": "Set as the repository variable DEPLOY_PROVIDER.",
        "dags_uri": "Where continuous delivery copies the DAGs.",
        "deployment": "What continuous delivery updates.",
        "bucket_name": "Bucket of data, models and reports.",
    }
    blocks = [
        hcl.block(
            f'output "{output}"',
            [("description", hcl.quoted(wanted[output])), ("value", f"module.{module.name}.{output}")],
        )
        for output in wanted
        for module in [m for m in facts.modules if output in m.source.outputs][:1]
    ]
    return "\n".join(blocks) if blocks else "# This design has nothing to hand on.\n"
