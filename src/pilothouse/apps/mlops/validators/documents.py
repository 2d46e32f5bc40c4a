"""YAML and JSON with lines: parses every document, refuses duplicate keys, finds the line of a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias

import yaml
from pydantic import JsonValue

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted

MOST_NODES = 1_000_000
"""Nodes of one file, its aliases written out."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml where PyYAML was built with it: some ten times faster, same marks."""

_NUMBERS = {
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null",
}

Key: TypeAlias = str | int


@dataclass(frozen=True)
class Document:
    """One YAML document: its value, with keys as they are written (`on` stays "on"), and its lines."""

    path: str
    value: JsonValue
    node: yaml.Node

    def line(self, keys: Sequence[Key], member: str | None = None) -> int:
        """The line of the value at `keys`, or of its key `member`; of the nearest there is above."""
        node = self.node
        for key in keys:
            child = _child(node, key)
            if child is None:
                break
            node = child
        if member is not None and isinstance(node, yaml.MappingNode):
            for name, _ in node.value:
                if name.value == member:
                    return _line(name)
        return _line(node)


@dataclass
class Documents:
    """The YAML documents of a repository by path, and what is wrong with those that cannot be read."""

    by_path: dict[str, tuple[Document, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    skipped: int = 0


def read_documents(files: Mapping[str, bytes]) -> Documents:
    """Parse every YAML file. Helm templates are not YAML before they are rendered: they are skipped."""
    read = Documents()
    for path in sorted(files):
        if not path.endswith((".yml", ".yaml")):
            continue
        if _is_helm_template(path, files):
            read.skipped += 1
            continue
        try:
            nodes = list(yaml.compose_all(files[path].decode(), Loader=LOADER))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            message = error.problem or "This is not YAML."
            read.findings.append(_finding(path, mark.line + 1 if mark else 1, "syntax", message))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            read.findings.append(_finding(path, 1, "syntax", str(error).splitlines()[0]))
        else:
            if sum(_size(node, {}) for node in nodes) > MOST_NODES:
                read.findings.append(_finding(path, 1, "too-large", "Its aliases expand without measure."))
                continue
            duplicates = [item for node in nodes for item in _duplicates(path, node, ())]
            read.findings += duplicates
            read.by_path[path] = tuple(Document(path, _value(node), node) for node in nodes)
    return read


def check_yaml(read: Documents) -> ValidatorResult:
    """The result of having parsed all YAML."""
    notes = [f"{counted(len(read.by_path), 'file')} parsed"]
    if read.skipped:
        notes.append(f"{counted(read.skipped, 'Helm template')} skipped: YAML only once rendered")
    return ValidatorResult.of("yaml", read.findings, *notes)


def check_json(files: Mapping[str, bytes]) -> ValidatorResult:
    """Parse every JSON file; duplicate keys and NaN are refused, as strict readers refuse them."""
    findings: list[Finding] = []
    paths = [path for path in sorted(files) if path.endswith(".json")]
    for path in paths:
        try:
            json.loads(files[path], object_pairs_hook=_unique, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            findings.append(_finding(path, error.lineno, "syntax", error.msg))
        except _DuplicateKey as error:
            line = _second(files[path].decode(), error.key)
            findings.append(
                _finding(path, line, "duplicate-key", f"The key {error.key!r} stands twice in one object.")
            )
        except ValueError as error:
            findings.append(_finding(path, 1, "syntax", str(error)))
    return ValidatorResult.of("json", findings, f"{counted(len(paths), 'file')} parsed")


class _DuplicateKey(ValueError):
    """A JSON object names a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The key {key!r} stands twice in one object.")
        self.key = key


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    known: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in known:
            raise _DuplicateKey(key)
        known[key] = value
    return known


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is not JSON.")


def _second(text: str, key: str) -> int:
    """The line of the second place where `key` is written as a key, 1 where it is written with escapes."""
    lines = [
        number for number, line in enumerate(text.splitlines(), 1) for _ in range(line.count(f'"{key}"'))
    ]
    return lines[1] if len(lines) > 1 else 1


def _is_helm_template(path: str, files: Mapping[str, bytes]) -> bool:
    parents = PurePosixPath(path).parents
    return any(
        parent.name == "templates" and str(parent.parent / "Chart.yaml") in files for parent in parents
    )


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _finding(path: str, line: int, rule: str, message: str) -> Finding:
    return Finding(path=path, line=max(line, 1), rule=rule, message=message)


def _child(node: yaml.Node, key: Key) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value[key] if isinstance(key, int) and key < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == str(key)), None)
    return None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes there are once aliases are written out; each node is looked at once."""
    if id(node) not in known:
        known[id(node)] = 1  # one that contains itself counts no further
        inside: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inside = [item for pair in node.value for item in pair]
        elif isinstance(node, yaml.SequenceNode):
            inside = node.value
        known[id(node)] = 1 + sum(_size(item, known) for item in inside)
    return known[id(node)]


def _duplicates(path: str, node: yaml.Node, above: tuple[int, ...]) -> Iterator[Finding]:
    """Keys that stand twice in one mapping or are no text, and aliases that contain themselves."""
    if id(node) in above:
        yield _finding(path, _line(node), "recursive-alias", "An alias contains itself.")
        return
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                yield _finding(
                    path, _line(name), "complex-key", "A key is to be plain text; is this a template?"
                )
                continue
            key = str(name.value)
            if key in seen and key != "<<":
                message = (
                    f"The key {key!r} already stands in line {seen[key]}; the later one would win silently."
                )
                yield _finding(path, _line(name), "duplicate-key", message)
            seen.setdefault(key, _line(name))
            yield from _duplicates(path, value, (*above, id(node)))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicates(path, item, (*above, id(node)))


def _value(node: yaml.Node, above: tuple[int, ...] = ()) -> JsonValue:
    """The node as JSON knows it; keys as written, merge keys merged, a self-containing alias cut off."""
    if id(node) in above:
        return None
    inside = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, inside) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        merged: dict[str, JsonValue] = {}
        for name, value in node.value:
            if name.tag == "tag:yaml.org,2002:merge":
                merged |= {key: item for key, item in _merged(value, inside).items() if key not in merged}
            else:
                merged[str(name.value)] = _value(value, inside)
        return merged
    return _scalar(node)


def _merged(node: yaml.Node, above: tuple[int, ...]) -> dict[str, JsonValue]:
    value = _value(node, above)
    parts = value if isinstance(value, list) else [value]
    merged: dict[str, JsonValue] = {}
    for part in reversed(parts):
        merged |= part if isinstance(part, dict) else {}
    return merged


def _scalar(node: yaml.Node) -> JsonValue:
    """Numbers, booleans and null by YAML's own rules; everything else (dates too) as written."""
    if node.tag not in _NUMBERS:
        return str(node.value)
    loaded: JsonValue = yaml.constructor.SafeConstructor().construct_object(node)
    return loaded
