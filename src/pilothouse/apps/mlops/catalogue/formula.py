"""Arithmetic in catalogue files: a small language over numbers and named variables.

A formula is text such as `ceil(peak_rps / 800)`. It is parsed by `ast` and turned into closures of
the few node types listed here, so that a catalogue file can compute and can do nothing else.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

Variables: TypeAlias = Mapping[str, float]
Step: TypeAlias = Callable[[Variables], float]

MAX_LENGTH = 400

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
    "min": min,
    "max": max,
    "log2": math.log2,
}


class FormulaError(ValueError):
    """A formula cannot be parsed, or cannot be computed."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula: its text, the variables it reads, and how to compute it."""

    text: str
    names: frozenset[str]
    _step: Step

    def value(self, variables: Variables) -> float:
        """The number this formula stands for.

        Raises `FormulaError` naming the formula where a variable is missing or a division has no result.
        """
        try:
            return self._step(variables)
        except KeyError as error:
            raise FormulaError(
                f"The formula {self.text!r} reads the variable {error.args[0]!r}, which is not set."
            ) from error
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise FormulaError(f"The formula {self.text!r} has no result: {error}.") from error


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Formula:
    """Parse `text` (at most 400 characters). Raises `FormulaError` with what is not allowed in it."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"A formula has at most {MAX_LENGTH} characters; this one has {len(text)}.")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"The formula {text!r} is not an expression: {error}.") from error
    names: set[str] = set()
    step = _compile(tree.body, names, text)
    return Formula(text=text, names=frozenset(names), _step=step)


def _compile(node: ast.expr, names: set[str], text: str) -> Step:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        number = float(node.value)  # type: ignore[arg-type]  # the line above checked the type
        return lambda _: number
    if isinstance(node, ast.Name):
        name = node.id
        names.add(name)
        return lambda variables: variables[name]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _compile(node.operand, names, text)
        return lambda variables: -inner(variables)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        combine = _BINARY[type(node.op)]
        left, right = _compile(node.left, names, text), _compile(node.right, names, text)
        return lambda variables: combine(left(variables), right(variables))
    if isinstance(node, ast.IfExp):
        return _choice(node, names, text)
    if isinstance(node, ast.Compare):
        return _comparison(node, names, text)
    if isinstance(node, ast.Call):
        return _call(node, names, text)
    raise FormulaError(f"The formula {text!r} uses {type(node).__name__}, which formulas do not have.")


def _choice(node: ast.IfExp, names: set[str], text: str) -> Step:
    test = _compile(node.test, names, text)
    then, other = _compile(node.body, names, text), _compile(node.orelse, names, text)
    return lambda variables: then(variables) if test(variables) else other(variables)


def _comparison(node: ast.Compare, names: set[str], text: str) -> Step:
    if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
        raise FormulaError(f"The formula {text!r} compares in a way that formulas do not have.")
    holds = _COMPARE[type(node.ops[0])]
    left, right = _compile(node.left, names, text), _compile(node.comparators[0], names, text)
    return lambda variables: float(holds(left(variables), right(variables)))


def _call(node: ast.Call, names: set[str], text: str) -> Step:
    if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or node.keywords:
        raise FormulaError(f"The formula {text!r} calls something else than {', '.join(sorted(_FUNCTIONS))}.")
    function = _FUNCTIONS[node.func.id]
    arguments = tuple(_compile(argument, names, text) for argument in node.args)
    if not arguments:
        raise FormulaError(f"The formula {text!r} calls {node.func.id} without a number.")
    return lambda variables: float(function(*(argument(variables) for argument in arguments)))
