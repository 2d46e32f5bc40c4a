"""The stack: which Terraform module fills each role of a design, with its name, folder and sizing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pilothouse.apps.mlops.design import Choice, Design, Role
from pilothouse.apps.mlops.requirements import Cloud

FOLDER = Path(__file__).parent / "templates" / "terraform"

_USED = re.compile(r"\bvar\.(\w+)")
_OUTPUT = re.compile(r'^output "(\w+)"', re.MULTILINE)
_NESTED = re.compile(r'source\s*=\s*"\.\./([\w-]+)"')

Parameter = str | int | float | bool


class UnknownComponent(ValueError):
    """A design names a component that no Terraform module exists for."""


@dataclass(frozen=True)
class Source:
    """The template of one module: its files by name, and what it uses, declares, exports and calls."""

    folder: str
    files: Mapping[str, str]

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the variables that its files refer to, sorted."""
        text = "\n".join(self.files[name] for name in ("main.tf", "outputs.tf") if name in self.files)
        return tuple(sorted(set(_USED.findall(text))))

    @property
    def declares_own(self) -> bool:
        """Whether it brings its own variables.tf, as modules that other modules call do."""
        return "variables.tf" in self.files

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its outputs, in the order of the file."""
        return tuple(_OUTPUT.findall(self.files.get("outputs.tf", "")))

    @property
    def calls(self) -> tuple[str, ...]:
        """Names of the modules it calls."""
        return tuple(sorted(set(_NESTED.findall(self.files["main.tf"]))))


@dataclass(frozen=True)
class Module:
    """One module call of the root: `name` is the role, `component` the catalogue's id."""

    name: str
    component: str
    title: str
    source: Source
    parameters: Mapping[str, Parameter]

    @property
    def kubernetes(self) -> bool:
        """Whether it is deployed to a Kubernetes cluster."""
        return self.source.folder.startswith("kubernetes/")


def modules(design: Design) -> tuple[Module, ...]:
    """Every module of `design`: what all stand on first, then one per choice, in the order of roles.

    Raises `UnknownComponent` where a choice has no module.
    """
    chosen = sorted(design.choices, key=lambda choice: list(Role).index(choice.role))
    calls = [_module(_name(choice, chosen), choice, design.cloud) for choice in chosen]
    if any(call.component == "aws-eks" for call in calls):
        serving = next(call for call in calls if call.component == "aws-eks")
        calls.append(
            Module(
                "workload",
                "oss-fastapi",
                "The service on EKS",
                _source("kubernetes/oss-fastapi"),
                serving.parameters,
            )
        )
    foundations = []
    if design.cloud is not Cloud.KUBERNETES:
        foundations.append(
            Module(
                "foundation", "foundation", "Network and key", _source(f"{design.cloud.value}/foundation"), {}
            )
        )
    if any(call.kubernetes for call in calls):
        foundations.append(
            Module("cluster", "foundation", "Namespace and its limits", _source("kubernetes/foundation"), {})
        )
    return (*foundations, *calls)


def nested(calls: tuple[Module, ...]) -> tuple[Source, ...]:
    """The modules that other modules call, each once, sorted by folder."""
    found: dict[str, Source] = {}
    queue = [call.source for call in calls]
    while queue:
        source = queue.pop()
        for name in source.calls:
            folder = f"{source.folder.split('/', 1)[0]}/{name}"
            if folder not in found:
                found[folder] = _source(folder)
                queue.append(found[folder])
    return tuple(found[folder] for folder in sorted(found))


def _name(choice: Choice, choices: list[Choice]) -> str:
    """The role, made unique where several components share it."""
    shared = sum(other.role is choice.role for other in choices) > 1
    return f"{choice.role.value}_{choice.component.replace('-', '_')}" if shared else choice.role.value


def _module(name: str, choice: Choice, cloud: Cloud) -> Module:
    prefix = choice.component.split("-", 1)[0]
    folders = [f"{prefix}/{choice.component}"]
    if prefix == "oss":
        folders = [f"{cloud.value}/{choice.component}", f"kubernetes/{choice.component}"]
    for folder in folders:
        if (FOLDER / folder).is_dir():
            return Module(name, choice.component, choice.name, _source(folder), choice.parameters)
    places = " and ".join(folders)
    raise UnknownComponent(
        f"There is no Terraform module for {choice.component} on {cloud.value}: see {places}."
    )


@cache
def _source(folder: str) -> Source:
    path = FOLDER / folder
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return Source(
        folder, {file.relative_to(path).as_posix(): file.read_text(encoding="utf-8") for file in files}
    )
