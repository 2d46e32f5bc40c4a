"""Prompts as files: Markdown below a head in YAML, and their tests beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pilothouse.prompts.errors import PromptInvalid, meant
from pilothouse.prompts.rendering import LARGEST_BODY, validate
from pilothouse.prompts.schemas import PromptHead, PromptName, PromptTest, PromptVersion

M = TypeVar("M", bound=BaseModel)

LARGEST_HEAD = 100_000
"""Characters of a head, and of a file of tests."""
FENCE = "---"
SUFFIX, TESTS = ".md", ".tests.yaml"
"""How the names of files with a prompt and with its tests end."""


@dataclass(frozen=True)
class Source:
    """A prompt as it is written: its text, and the text of the tests beside it, if there are any."""

    text: str
    tests: str = ""


class Tests(BaseModel):
    """A file of tests. `variables` holds what those of all tests have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: tuple[PromptTest, ...]


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases, which could make much of little; a date stays the text that it is."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            where = self.get_event().start_mark  # type: ignore[no-untyped-call]  # of PyYAML's stubs
            raise yaml.composer.ComposerError(None, None, "aliases are not taken", where)
        return super().compose_node(parent, index)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))


def read(name: str, source: Source, number: int | None = None) -> PromptVersion:
    """The version that a text is; raises `PromptInvalid` that names what is wrong, with its line."""
    checked_name(name)
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    head_text, body, body_line = _split(text)
    found = _mapping(head_text, first_line=2)
    head = _valid(PromptHead, found, head_text, first_line=2)
    if source.tests:
        head = head.model_copy(update={"tests": (*head.tests, *_tests(source.tests))})
    version = PromptVersion.of(name, head, body, number)
    validate(version, body_line)
    return version


def checked_name(name: str) -> str:
    """`name`, if it is one; raises `PromptInvalid`."""
    try:
        return _NAMES.validate_python(name)
    except ValidationError:
        raise PromptInvalid(
            f"{name[:100]!r} is no name of a prompt.",
            hint="Up to four parts of small letters, digits, - and _, with / between: support/triage.",
        ) from None


_NAMES: TypeAdapter[str] = TypeAdapter(PromptName)


def _split(text: str) -> tuple[str, str, int]:
    """Head, body and the line in which the body begins."""
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return "", _trimmed(lines), _first(lines, 1)
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == FENCE:
            rest = lines[number + 1 :]
            if sum(map(len, rest)) > LARGEST_BODY * 2:
                break  # told as too long without reading on
            return "\n".join(lines[1:number]), _trimmed(rest), _first(rest, number + 2)
    else:
        raise PromptInvalid(found=["line 1: the head that begins here has no end: a line `---`"])
    raise PromptInvalid(found=[f"the body has more than {LARGEST_BODY:,} characters"])


def _trimmed(lines: Sequence[str]) -> str:
    """The body without empty lines around it: they say nothing, and change no digest."""
    return "\n".join(line.rstrip() if not line.strip() else line for line in lines).strip("\n").rstrip()


def _first(lines: Sequence[str], first: int) -> int:
    """The line in which what `_trimmed` leaves begins; `lines` begin in line `first`."""
    empty = 0
    for line in lines:
        if line.strip():
            break
        empty += 1
    return first + empty


def _tests(text: str) -> tuple[PromptTest, ...]:
    given = _mapping(text, first_line=1, what="the tests")
    shared = given.pop("variables", None) if isinstance(given, dict) else None
    if isinstance(shared, dict) and isinstance(given.get("tests"), list):
        for test in given["tests"]:
            if isinstance(test, dict) and isinstance(test.get("variables", {}), dict):
                test["variables"] = shared | test.get("variables", {})
    return _valid(Tests, given, text, first_line=1, what="the tests").tests


def _mapping(text: str, *, first_line: int, what: str = "the head") -> Any:
    """What YAML text says: a mapping. Raises `PromptInvalid`."""
    if len(text) > LARGEST_HEAD:
        raise PromptInvalid(found=[f"{what}: more than {LARGEST_HEAD:,} characters"])
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - derived from the safe one
        _insist_on_names(yaml.compose(text, _Loader), first_line, what)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"line {mark.line + first_line}: "
        told = f"{error.problem or error.context}; a text that has signs of YAML (: ? # [) stands in quotes"
        raise PromptInvalid(found=[f"{what}, {where}{told}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PromptInvalid(found=[f"{what} cannot be read: {error}"]) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise PromptInvalid(found=[f"{what}: names with values are expected (`description: ...`)"])
    return found


def _insist_on_names(node: yaml.Node | None, first_line: int, what: str) -> None:
    """Raise `PromptInvalid` where a mapping says a name twice, of which YAML would take the last."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _insist_on_names(item, first_line, what)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + first_line
            if not isinstance(key, yaml.ScalarNode):
                raise PromptInvalid(found=[f"{what}, line {line}: a name is a text"])
            if key.value in seen:
                raise PromptInvalid(found=[f"{what}, line {line}: `{key.value}` is said twice"])
            seen.add(key.value)
            _insist_on_names(value, first_line, what)


def _valid(of: type[M], given: Any, text: str, *, first_line: int, what: str = "") -> M:
    """What is said, as a model; raises `PromptInvalid` with the line of each thing that is wrong."""
    try:
        return of.model_validate(given)
    except ValidationError as error:
        tree = yaml.compose(text, _Loader)
        found = list(dict.fromkeys(_faults(of, error, tree, first_line, what)))
        raise PromptInvalid(found=found[:10]) from None


def _faults(
    of: type[BaseModel], error: ValidationError, tree: yaml.Node | None, first_line: int, what: str
) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        line, path = _place(tree, fault["loc"])
        where = ".".join(path)
        told = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            told = "nothing of that name is known here."
            told += f" {meant(where, list(of.model_fields))}" if len(fault["loc"]) == 1 else ""
        before = f"{what}, " if what else ""
        yield f"{before}line {line + first_line}: {where}: {told}" if where else f"{before}{told}"


def _place(tree: yaml.Node | None, path: Sequence[str | int]) -> tuple[int, list[str]]:
    """The line (from 0) of what a path leads to, as far as it does, and the path so far."""
    node, line, said = tree, 0, list[str]()
    for step in path:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            inner = (node.value[step], node.value[step])
        if inner is None:
            if said and isinstance(node, yaml.MappingNode) and not _inner(step):
                said.append(str(step))
            break
        line, node = inner[0].start_mark.line, inner[1]
        said.append(str(step))
    return line, said


def _inner(step: str | int) -> bool:
    """Whether a step is Pydantic's own, of a union's branch, and no name that was written."""
    return not str(step).isidentifier() or str(step) in {"str", "dict", "int", "float", "bool"}
