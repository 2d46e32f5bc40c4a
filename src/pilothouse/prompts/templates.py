"""The template language of prompts: Jinja with a closed list of what may stand in it, and bounded work.

A prompt is text with holes, conditions and loops. There are no calls, no assignments, no arithmetic, no
imports and no attributes but the members of objects: so each expression is as small as what it is given, and
only loops and filters repeat work, which is counted. What is counted is the same on every machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pilothouse.prompts.errors import PromptInvalid, RenderFailed, RenderTooLarge
from pilothouse.prompts.filters import FILTERS, Quoting, size_of

MOST_OUTPUT = 1_000_000
"""Characters that one prompt renders to."""
MOST_WORK = 20_000_000
"""Units of work of one rendering: a unit is a character that a filter or a comparison looks at."""
MOST_NODES = 5_000
"""Expressions, texts and statements of one part."""
STEP = 20
"""Units that one node of a template costs each time that a loop comes by."""

TESTS = frozenset({"defined", "undefined", "none", "string", "number", "boolean", "mapping", "sequence"})
"""What may stand behind `is`."""
LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
"""What a loop tells of itself."""
DATE = frozenset({"year", "month", "day", "hour", "minute"})
"""What a date tells of itself."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name, nodes.Const, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Filter, nodes.Test),
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.List, nodes.Tuple, nodes.Keyword),
)
_WORK = "work!"  # no name that a template could say


class Work:
    """What one rendering has done so far, and the fence that it quotes with."""

    def __init__(self, fence: str) -> None:
        self.done = 0
        self.quoting = Quoting(fence)

    def add(self, units: int) -> None:
        """Count work. Raises `RenderTooLarge`."""
        self.done += units
        if self.done > MOST_WORK:
            raise RenderTooLarge(
                "Rendering takes more work than a prompt may.",
                hint="Loop over shorter lists, and give shorter texts.",
            )


class _Prompts(ImmutableSandboxedEnvironment):
    """Objects have their members and nothing else; what is no text cannot be put in by accident."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A member of an object; of a loop or a date what it tells of itself."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self._lacking(obj, attribute)
        known = LOOP if isinstance(obj, LoopContext) else DATE if isinstance(obj, dt.date) else frozenset()
        if attribute in known and hasattr(obj, attribute):
            return getattr(obj, attribute)
        return self._lacking(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A member of an object, or an item of a list."""
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self._lacking(obj, argument)

    def _lacking(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, StrictUndefined):
            return obj
        what = {list: "a list", str: "a text", type(None): "nothing"}.get(type(obj), "an object")
        return self.undefined(hint=f"there is no `{name}` in {what}", name=str(name))


def finalized(value: Any) -> Any:
    """What stands in the text for a value; raises `RenderFailed` for what has no one way to be written."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | StrictUndefined):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    kind = "a list" if isinstance(value, list | tuple) else "an object"
    raise RenderFailed(
        f"What is put in is {kind}.", hint="Loop over it, or use `| join(', ')` or `| tojson`."
    )


@pass_context
def _each(context: Context, items: Any, cost: int) -> Iterator[Any]:
    """Go through what a loop loops over, counting."""
    work: Work = context[_WORK]
    if isinstance(items, str | int | float) or items is None:
        raise RenderFailed("A loop goes over a list.", hint="Give a list, or leave the loop out.")
    for item in items:
        work.add(cost)
        yield item


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    """What is compared, counting."""
    context[_WORK].add(size_of(value))
    return value


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def counted(context: Context, value: Any, *rest: Any, **named: Any) -> Any:
        work: Work = context[_WORK]
        if isinstance(value, StrictUndefined) and function is not FILTERS["default"]:
            str(value)  # raises what says which it is
        work.add(size_of(value) + sum(map(size_of, rest)))
        found = function(work.quoting, value, *rest, **named)
        work.add(size_of(found))
        return found

    return counted


@lru_cache(maxsize=1)
def _environment() -> _Prompts:
    made = _Prompts(
        undefined=StrictUndefined,
        finalize=finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        optimized=False,
        cache_size=0,
    )
    made.globals.clear()
    made.filters = {name: _counted(function) for name, function in FILTERS.items()}
    made.filters |= {"each!": _each, "weighed!": _weighed}
    made.tests = {name: made.tests[name] for name in TESTS}
    return made


class Compiled:
    """A template that was found to hold nothing but what it may."""

    def __init__(
        self, source: str, *, known: Iterable[str], unquoted: Iterable[str], first_line: int
    ) -> None:
        """Compile `source`, which begins in line `first_line` of its file.

        It may use the variables `known`; those of `unquoted` it has to quote. Raises `PromptInvalid`.
        """
        environment = _environment()
        self._first = first_line
        try:
            tree = environment.parse(source)
        except TemplateSyntaxError as error:
            raise self._wrong(error.lineno, f"the template cannot be read: {error.message}") from None
        self._insist_on_allowed(tree)
        self.names = frozenset(meta.find_undeclared_variables(tree))
        for name in self.names - set(known):
            line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == name)
            raise self._wrong(line, f"the template uses `{name}`, which is no variable of the head")
        self._insist_on_quoted(tree.body, frozenset(unquoted))
        _count_in(tree)
        code = environment.compile(tree, filename="<prompt>")
        self._template = Template.from_code(environment, code, {})

    def render(self, values: Mapping[str, Any], work: Work) -> str:
        """The text. Raises `RenderFailed` that names the line, `RenderTooLarge`."""
        pieces: list[str] = []
        length = 0
        try:
            for piece in self._template.generate({**values, _WORK: work}):
                length += len(piece)
                if length > MOST_OUTPUT:
                    raise RenderTooLarge(
                        f"The prompt renders to more than {MOST_OUTPUT:,} characters.",
                        hint="Give shorter texts, or cut them with `| truncate(10000)`.",
                    )
                pieces.append(piece)
        except RenderFailed as error:
            raise type(error)(
                f"Line {self._line_of(error)} of the body: {error.message}", hint=error.hint
            ) from None
        except (UndefinedError, SecurityError, TypeError, ValueError, LookupError) as error:
            line = self._line_of(error)
            raise RenderFailed(
                f"Line {line} of the body: {error}.", hint="Does the template fit the variables?"
            ) from None
        return "".join(pieces)

    def _line_of(self, error: BaseException) -> int:
        """The line of the file in which rendering failed."""
        frame, line = error.__traceback__, 1
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == "<prompt>":
                line = frame.tb_lineno
            frame = frame.tb_next
        return line + self._first - 1

    def _wrong(self, line: int | None, what: str) -> PromptInvalid:
        return PromptInvalid(found=[f"line {(line or 1) + self._first - 1}: {what}"])

    def _insist_on_allowed(self, tree: nodes.Template) -> None:
        for place, node in enumerate(tree.find_all(nodes.Node)):
            what = f"a part has at most {MOST_NODES:,} expressions" if place >= MOST_NODES else None
            if not isinstance(node, _ALLOWED):
                what = f"a template may not have {_said(node)}"
            elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
                what = f"there is no filter `{node.name}`; there are {', '.join(sorted(FILTERS))}"
            elif isinstance(node, nodes.Test) and node.name not in TESTS:
                what = f"there is no test `{node.name}`; there are {', '.join(sorted(TESTS))}"
            elif isinstance(node, nodes.For) and node.recursive:
                what = "a loop may not be recursive"
            elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
                what = f"`{node.attr}` is no member of an object"
            if what is not None:
                raise self._wrong(node.lineno, what)

    def _insist_on_quoted(self, found: Iterable[nodes.Node], tainted: frozenset[str]) -> None:
        """What comes from outside goes through `quoted` wherever it is put in, also out of a loop."""
        for node in found:
            if isinstance(node, nodes.For):
                targets = {name.name for name in _names_in(node.target)} if tainted else set()
                more = targets if _mentions(node.iter, tainted) else set()
                self._insist_on_quoted(node.body, (tainted - targets) | more)
                self._insist_on_quoted(node.else_, tainted)
            elif isinstance(node, nodes.If):
                self._insist_on_quoted([*node.body, *node.elif_, *node.else_], tainted)
            elif isinstance(node, nodes.Output):
                for part in node.nodes:
                    if not _is_safe(part, tainted):
                        what = "what is put in is untrusted: put it in with `| quoted`"
                        raise self._wrong(part.lineno, what)


def _is_safe(part: nodes.Node, tainted: frozenset[str]) -> bool:
    if isinstance(part, nodes.CondExpr):
        branches = [part.expr1, *([part.expr2] if part.expr2 is not None else [])]
        return all(_is_safe(branch, tainted) for branch in branches)
    if isinstance(part, nodes.Filter) and part.name in {"quoted", "length"}:
        return True
    return not _mentions(part, tainted)


def _names_in(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


def _mentions(node: nodes.Node, names: frozenset[str]) -> bool:
    return any(name.name in names for name in _names_in(node))


def _count_in(tree: nodes.Template) -> None:
    """Have loops, comparisons and slices count what they do."""
    for loop in list(tree.find_all(nodes.For)):
        cost = STEP * (2 + sum(1 for part in loop.body for _ in part.find_all(nodes.Node)))
        loop.iter = _through("each!", cast("nodes.Expr", loop.iter), nodes.Const(cost))
    for compared in list(tree.find_all(nodes.Compare)):
        compared.expr = _through("weighed!", compared.expr)
        for operand in compared.ops:
            operand.expr = _through("weighed!", operand.expr)


def _through(name: str, value: nodes.Expr, *rest: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(value, name, list(rest), [], None, None, lineno=value.lineno)
    for node in (made, *rest):
        node.set_environment(_environment())
        node.set_lineno(value.lineno)
    return made


def _said(node: nodes.Node) -> str:
    """What a node is called by those who write templates."""
    return {
        "Call": "calls",
        "Assign": "assignments (`set`)",
        "AssignBlock": "assignments (`set`)",
        "With": "assignments (`with`)",
        "Macro": "macros",
        "CallBlock": "macros",
        "Include": "includes",
        "Import": "imports",
        "FromImport": "imports",
        "Extends": "`extends`",
        "Block": "blocks",
        "FilterBlock": "filter blocks",
        "Concat": "`~`: write the parts one behind the other",
        "Dict": "objects: give them as variables",
    }.get(type(node).__name__, f"arithmetic or `{type(node).__name__.lower()}`")
