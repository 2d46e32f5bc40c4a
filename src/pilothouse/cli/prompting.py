"""What `pilothouse prompts` works on: files here, this machine's database, or a server over its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from pilothouse.cli.opening import Options, on_this_machine, sensible, server_named
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from pilothouse.kit.bounded import read_bounded
from pilothouse.kit.pagination import Page
from pilothouse.kit.slashes import as_part
from pilothouse.prompts.book_schemas import (
    LabelMove,
    LabelRollback,
    LabelShown,
    Move,
    NewPromptVersion,
    PromptQuery,
    PromptShown,
    PromptSummary,
    PromptTested,
    ToRender,
    VersionQuery,
    VersionShown,
    VersionSummary,
)
from pilothouse.prompts.files import SUFFIX, TESTS, Source, checked_name, read
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.rendering import render
from pilothouse.prompts.schemas import Differences, Rendered, TestedPrompt
from pilothouse.prompts.shipped import read_folder
from pilothouse.prompts.testing import run_tests
from pilothouse.prompts.variables import Kind, Variable

M = TypeVar("M", bound=BaseModel)

_AS_TEXT = frozenset({Kind.STRING, Kind.ENUM, Kind.DATE, Kind.DATETIME})
"""Types whose values are written as they are; others are JSON."""


class Prompting(Protocol):
    """What the commands ask for."""

    async def page(self, query: PromptQuery) -> Page[PromptSummary]:
        """Prompts."""
        ...

    async def show(self, name: str) -> PromptShown:
        """One of them."""
        ...

    async def versions(self, name: str, query: VersionQuery) -> Page[VersionSummary]:
        """Its versions."""
        ...

    async def version(self, name: str, ref: str) -> VersionShown:
        """One of them."""
        ...

    async def create(self, name: str, wanted: NewPromptVersion) -> VersionSummary:
        """Make one."""
        ...

    async def move(self, name: str, label: str, wanted: LabelMove) -> LabelShown:
        """Move a label."""
        ...

    async def remove(self, name: str, label: str) -> None:
        """Remove a label."""
        ...

    async def rollback(self, name: str, wanted: LabelRollback) -> PromptShown:
        """Move it back."""
        ...

    async def moves(self, name: str, query: VersionQuery) -> Page[Move]:
        """How labels were moved."""
        ...

    async def diff(self, name: str, before: str, after: str) -> Differences:
        """Compare two versions."""
        ...

    async def render(self, name: str, wanted: ToRender) -> Rendered:
        """Render one."""
        ...

    async def test(self, name: str, ref: str) -> PromptTested:
        """Test one."""
        ...


@asynccontextmanager
async def opened(options: Options, tenant: str | None = None) -> AsyncIterator[Prompting]:
    """The prompts of the server named by `--server`, or of `tenant` in this machine's database."""
    async with server_named(options, tenant) as client:
        if client is not None:
            yield _RemotePrompts(client)
            return
    from pilothouse.experimenting import uses
    from pilothouse.kit.clock import SystemClock
    from pilothouse.prompts.book import PromptBook, PromptParts
    from pilothouse.prompts.repository import PromptRepository

    async with (
        on_this_machine(options, tenant) as here,
        here.database.session(here.scope) as session,
    ):
        shipped = shipped_by(options.installed())
        known = PromptParts(shipped, here.parts.vault, SystemClock(), here.parts.ids)
        told = uses(session, here.scope, known.clock)
        yield PromptBook(PromptRepository(session, here.scope), known, here.scope, told)


class _RemotePrompts:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def page(self, query: PromptQuery) -> Page[PromptSummary]:
        return await self._ask(Page[PromptSummary], "GET", "", params=_given(query))

    async def show(self, name: str) -> PromptShown:
        return await self._ask(PromptShown, "GET", f"/{as_part(name)}")

    async def versions(self, name: str, query: VersionQuery) -> Page[VersionSummary]:
        return await self._ask(
            Page[VersionSummary], "GET", f"/{as_part(name)}/versions", params=_paged(query)
        )

    async def version(self, name: str, ref: str) -> VersionShown:
        return await self._ask(VersionShown, "GET", f"/{as_part(name)}/versions/{ref}")

    async def create(self, name: str, wanted: NewPromptVersion) -> VersionSummary:
        return await self._ask(VersionSummary, "POST", f"/{as_part(name)}/versions", json=_given(wanted))

    async def move(self, name: str, label: str, wanted: LabelMove) -> LabelShown:
        return await self._ask(LabelShown, "PUT", f"/{as_part(name)}/labels/{label}", json=_given(wanted))

    async def remove(self, name: str, label: str) -> None:
        await self._client.ask("DELETE", f"/prompts/{as_part(name)}/labels/{label}")

    async def rollback(self, name: str, wanted: LabelRollback) -> PromptShown:
        return await self._ask(PromptShown, "POST", f"/{as_part(name)}/rollback", json=_given(wanted))

    async def moves(self, name: str, query: VersionQuery) -> Page[Move]:
        return await self._ask(Page[Move], "GET", f"/{as_part(name)}/moves", params=_paged(query))

    async def diff(self, name: str, before: str, after: str) -> Differences:
        return await self._ask(
            Differences, "GET", f"/{as_part(name)}/diff", params={"before": before, "after": after}
        )

    async def render(self, name: str, wanted: ToRender) -> Rendered:
        return await self._ask(Rendered, "POST", f"/{as_part(name)}/render", json=_given(wanted))

    async def test(self, name: str, ref: str) -> PromptTested:
        return await self._ask(PromptTested, "POST", f"/{as_part(name)}/test", params={"version": ref})

    async def _ask(self, of: type[M], method: str, path: str, **said: Mapping[str, object]) -> M:
        return await self._client.told(of, method, f"/prompts{path}", **said)


def _given(wanted: BaseModel) -> dict[str, JsonValue]:
    return wanted.model_dump(mode="json", exclude_none=True)


def _paged(query: VersionQuery) -> dict[str, JsonValue]:
    from pilothouse.kit.pagination import cursor_of

    cursor = {} if query.cursor is None else {"cursor": cursor_of(query.cursor)}
    return {"limit": query.limit, **cursor}


def source_of(file: Path, tests: Path | None) -> Source:
    """The text of a file, with the tests that are named or lie beside it. Raises `InvalidInput`."""
    beside = file.with_name(f"{file.name.removesuffix(SUFFIX)}{TESTS}")
    if tests is None and beside.is_file():
        tests = beside
    return Source(_read(file), "" if tests is None else _read(tests))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.", hint="Name a text file in UTF-8.") from None


def tested_here(options: Options, folder: Path | None) -> list[TestedPrompt]:
    """How the tests of a folder go, or of all prompts that the installed applications ship."""
    found = shipped_by(options.installed()).versions if folder is None else read_folder(folder)
    return run_tests(found.values())


def rendered_here(file: Path, given: Sequence[str], variables: str | None) -> Rendered:
    """A file rendered without any database."""
    version = read(checked_name(file.name.removesuffix(SUFFIX).lower()), source_of(file, None))
    return render(version, values(version.variables, given, variables))


def values(
    known: Mapping[str, Variable], given: Sequence[str], variables: str | None
) -> dict[str, JsonValue]:
    """The variables in JSON (a text, or `@` and a file's name) and in `name=value`, read by their types.

    Raises `InvalidInput`.
    """
    found: dict[str, JsonValue] = {}
    if variables is not None:
        text = _read(Path(variables[1:])) if variables.startswith("@") else variables
        read_in = read_bounded(text, "What --variables says")
        if not isinstance(read_in, dict):
            raise InvalidInput("--variables is no object.", hint="""Write it as {"name": "value"}.""")
        found |= read_in
    for item in given:
        name, equals, text = item.partition("=")
        if not equals:
            raise InvalidInput(f"--var {item[:60]} names no value.", hint="Write it as name=value.")
        kind = known.get(name)
        as_text = kind is None or kind.type in _AS_TEXT
        found[name] = text if as_text else read_bounded(text, f"The value of {name}")
    return found


def wanted(version: str, given: Mapping[str, JsonValue]) -> ToRender:
    """What is to be rendered. Raises `InvalidInput`."""
    with sensible():
        return ToRender(version=version, variables=dict(given))
