"""The prompts that applications ship: files in their `prompts/` folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

import structlog

from pilothouse.errors import SettingsInvalid
from pilothouse.prompts.errors import PromptInvalid
from pilothouse.prompts.files import SUFFIX, TESTS, Source, read
from pilothouse.prompts.schemas import PromptVersion

log = structlog.get_logger(__name__)

PASSED_OVER = frozenset({"readme.md"})
"""Names of files, in small letters, that are no prompts."""
DEEPEST = 4
"""Folders below each other, as many as a name has parts."""


@dataclass(frozen=True)
class Brought:
    """An application as prompts see it: its name, and the folder with its prompts, if any."""

    name: str
    prompts: str | Path | Traversable | None = None


@dataclass(frozen=True)
class ShippedPrompts:
    """The prompts of the installed applications. They are read when they are first asked for."""

    apps: tuple[Brought, ...] = ()
    given: Mapping[str, PromptVersion] = field(default_factory=dict)

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, Source]]:
        """Each prompt's application and text, by name. Raises `SettingsInvalid`."""
        found: dict[str, tuple[str, Source]] = {}
        for app in self.apps:
            if app.prompts is None:
                continue
            try:
                own = dict(sources_in(app.prompts))
            except PromptInvalid as error:
                raise SettingsInvalid(f"The prompts of {app.name} cannot be used. {error}") from error
            for name in own.keys() & found.keys():
                raise SettingsInvalid(f"The prompt {name} is shipped by {found[name][0]} and by {app.name}.")
            found |= {name: (app.name, source) for name, source in own.items()}
        return found

    @cached_property
    def versions(self) -> Mapping[str, PromptVersion]:
        """Each prompt by name. Raises `SettingsInvalid` that says what is wrong where."""
        found = dict(self.given)
        for name, (app, source) in self.sources.items():
            try:
                found[name] = read(name, source)
            except PromptInvalid as error:
                message = f"The prompt {name} of {app} ({name}{SUFFIX}) cannot be used. {error}"
                raise SettingsInvalid(message) from error
        return found

    def checked(self) -> Self:
        """Itself, once all prompts were read. Raises `SettingsInvalid`."""
        log.debug("prompts_shipped", prompts=len(self.versions))
        return self

    def app_of(self, name: str) -> str | None:
        """The application that ships a prompt."""
        return self.sources[name][0] if name in self.sources else None


def read_folder(folder: str | Path | Traversable) -> dict[str, PromptVersion]:
    """The prompts in a folder and below, by name; raises `PromptInvalid` for what cannot be used."""
    found: dict[str, PromptVersion] = {}
    wrong: list[str] = []
    for name, source in sources_in(folder):
        try:
            found[name] = read(name, source)
        except PromptInvalid as error:
            wrong += [f"{name}{SUFFIX}, {one}" for one in error.found] or [str(error)]
    if wrong:
        raise PromptInvalid("Not all prompts are valid:", found=wrong)
    return found


def sources_in(folder: str | Path | Traversable) -> Iterator[tuple[str, Source]]:
    """Name and text of each prompt in a folder and below; raises `PromptInvalid` where there is none."""
    root = Path(folder) if isinstance(folder, str) else folder
    texts = dict(_texts(root, "", 1)) if root.is_dir() else {}
    names = [name.removesuffix(SUFFIX) for name in texts if name.endswith(SUFFIX)]
    if not names:
        raise PromptInvalid(
            f"There is no {SUFFIX} file in {folder}.", hint="Name the folder with your prompts."
        )
    for name in sorted(texts.keys() - {f"{one}{end}" for one in names for end in (SUFFIX, TESTS)}):
        raise PromptInvalid(found=[f"{name} lies beside no {name.removesuffix(TESTS)}{SUFFIX}"])
    for name in sorted(names):
        yield name, Source(texts[f"{name}{SUFFIX}"], texts.get(f"{name}{TESTS}", ""))


def _texts(folder: Path | Traversable, before: str, depth: int) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        name = f"{before}{item.name}"
        if item.is_dir() and depth < DEEPEST:
            yield from _texts(item, f"{name}/", depth + 1)
        elif item.is_file() and item.name.endswith((SUFFIX, TESTS)) and item.name.lower() not in PASSED_OVER:
            try:
                yield name, item.read_text("utf-8")
            except UnicodeDecodeError:
                raise PromptInvalid(found=[f"{name} is no UTF-8 text"]) from None
