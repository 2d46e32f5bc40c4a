"""Type hints as the schema: what a workflow, agent or tool takes and returns, and how both become JSON."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticSerializationError

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.closed import ids_in, is_closed
from pilothouse.runtime.errors import WrongType

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")
_NO_INPUT = inspect.Parameter.empty


def checked_name(name: str, what: str) -> str:
    """`name`, if it can name a `what`; raises `InvalidInput` otherwise."""
    if not _NAME.fullmatch(name):
        article = "an" if what[0] in "aeiou" else "a"
        message = f"{name[:120]!r} cannot name {article} {what}."
        raise InvalidInput(message, hint="Take a letter, then letters, digits, '_', '-', '.': 100 at most.")
    return name


class Signature:
    """What a function `(ctx)` or `(ctx, value)` takes and returns, read from its type hints when needed."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Look at the parameters; raises `InvalidInput` where there are not one or two of them."""
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        parameters = list(inspect.signature(function).parameters.values())
        if not 1 <= len(parameters) <= 2:
            message = f"{function.__qualname__} takes {len(parameters)} parameters."
            raise InvalidInput(message, hint="Write it as (ctx) or (ctx, value), the value being one model.")
        self._value = parameters[1] if len(parameters) == 2 else None
        self.takes_value = self._value is not None

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def input_type(self) -> Any:
        """The declared type of the value; Any where it has no hint, None where there is no value."""
        return self._hints.get(self._value.name, Any) if self._value else type(None)

    @cached_property
    def output_type(self) -> Any:
        """The declared type of the result; Any where it has no hint."""
        return self._hints.get("return", Any)

    @cached_property
    def input(self) -> TypeAdapter[Any]:
        """Reads and writes the value."""
        return TypeAdapter(self.input_type)

    @cached_property
    def output(self) -> TypeAdapter[Any]:
        """Reads and writes the result."""
        return TypeAdapter(self.output_type)

    def parse_input(self, data: bytes) -> Any:
        """The value in JSON `data`; raises `WrongType` that names every wrong field."""
        try:
            if data in {b"null", b""} and self._value is not None and self._value.default is not _NO_INPUT:
                return self._value.default
            return self.input.validate_json(data)
        except ValidationError as error:
            raise WrongType(f"The input of {self.function.__name__} is not valid: {explain(error)}") from None

    def read_input(self, value: Any) -> tuple[Any, bytes]:
        """The value as its declared type, and as JSON; raises `WrongType` where it does not fit."""
        return _read(self.input, value, f"the input of {self.function.__name__}")

    def dump_input(self, value: Any) -> bytes:
        """The value as JSON; raises `WrongType` where it does not have the declared type."""
        return self.read_input(value)[1]

    def dump_output(self, value: Any) -> bytes:
        """The result as JSON; raises `WrongType` that says what came instead of the declared type."""
        return _written(self.output, self.checked_output(value), f"the result of {self.function.__name__}")

    def parse_output(self, data: bytes) -> Any:
        """The result in JSON `data`; raises `WrongType` that names what is wrong with it."""
        try:
            return self.output.validate_json(data)
        except ValidationError as error:
            raise WrongType(f"This is no result of {self.function.__name__}: {explain(error)}") from None

    def comparable(self, data: bytes) -> bytes:
        """The input in JSON `data`, so that equal inputs are equal bytes: a set has no order of its own."""
        return canonical.unordered(data) if self._has_sets else data

    @cached_property
    def _has_sets(self) -> bool:
        try:
            return b'"uniqueItems":true' in canonical.to_json(self.input.json_schema())
        except PydanticInvalidForJsonSchema:
            return False

    def arguments(self, value: Any) -> tuple[Any, ...]:
        """What follows the context in a call."""
        return (value,) if self.takes_value else ()

    @cached_property
    def _kept(self) -> type[_Kept[Any]]:
        return _Kept[self.output_type]  # type: ignore[name-defined]  # a type made at run time

    def checked_output(self, value: Any) -> Any:
        """The result as its declared type; raises `WrongType` that says what came instead."""
        try:
            return self.output.validate_python(value)
        except ValidationError as error:
            raise self._wrong(value, error) from None

    def round_trip(self, given: Answer[Any], marks: Sequence[str] = ()) -> tuple[bytes, Answer[Any]]:
        """`given` and its marks as JSON, and as it is read from there, which is what every replay will see.

        Raises `WrongType` where its value does not have the declared type or JSON cannot hold it.
        """
        value, produced_by, failed = given
        written = self.dump_output(value)
        try:
            read = Answer(self.output.validate_json(written), produced_by, failed)
        except ValidationError as error:
            name, kind = self.function.__name__, type(value).__name__
            message = f"{name} returned {kind}, which JSON does not keep: {explain(error)}"
            raise WrongType(message, hint="Infinity and NaN are such values.") from None
        about = orjson.dumps(
            {"produced_by": produced_by, "failed": failed} | ({"marks": marks} if marks else {})
        )
        return b'{"value":%b,%b' % (written, about[1:]), read

    def parse_answer(self, data: bytes) -> Answer[Any]:
        """The answer in a journal entry."""
        return self.read_answer(data)[0]

    def read_answer(self, data: bytes) -> tuple[Answer[Any], tuple[str, ...]]:
        """The answer in a journal entry, and its marks."""
        kept = self._kept.model_validate_json(data)
        return Answer(kept.value, kept.produced_by, kept.failed), kept.marks

    @cached_property
    def is_closed(self) -> bool:
        """Whether the result is one of a few values, ids apart."""
        return is_closed(self.output_type)

    def ids_in(self, value: Any) -> frozenset[str]:
        """The values in the result `value` that are ids by their type."""
        return frozenset(ids_in(self.output_type, value))

    def _wrong(self, value: Any, error: ValidationError) -> WrongType:
        declared = getattr(self.output_type, "__name__", None) or str(self.output_type)
        returned = f"{self.function.__name__} returned {type(value).__name__}, declared is {declared}"
        return WrongType(f"{returned}: {explain(error)}")


T = TypeVar("T")


class Answer(NamedTuple, Generic[T]):
    """A step's result and which rung of the agent's ladder produced it.

    `value` holds what the agent returned; `failed` names the rungs that were tried before, with the reason.
    """

    value: T
    produced_by: str = "expert"
    failed: tuple[tuple[str, str], ...] = ()


class _Kept(BaseModel, Generic[T]):
    """An answer as the journal holds it."""

    value: T
    produced_by: str
    failed: tuple[tuple[str, str], ...]
    marks: tuple[str, ...] = ()


def _read(adapter: TypeAdapter[Any], value: Any, what: str) -> tuple[Any, bytes]:
    try:
        checked = adapter.validate_python(value)
    except ValidationError as error:
        raise WrongType(f"{type(value).__name__} does not fit {what}: {explain(error)}") from None
    return checked, _written(adapter, checked, what)


def _written(adapter: TypeAdapter[Any], value: Any, what: str) -> bytes:
    try:
        return adapter.dump_json(value)
    except PydanticSerializationError as error:
        raise WrongType(f"{type(value).__name__} cannot be written as JSON for {what}: {error}") from None


def explain(error: ValidationError) -> str:
    """A validation error in one line: each wrong place and what is wrong there (the first five)."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [f"{'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}" for item in found[:5]]
    return "; ".join(shown) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
