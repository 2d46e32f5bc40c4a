"""Keys: present, strong, young enough, and nobody else's to read."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from pilothouse.kit.clock import Clock
from pilothouse.readiness.schemas import Line, failed, passed, warned
from pilothouse.secrets.catalogue import KINDS, kind_of
from pilothouse.secrets.providers.files import others_may_read
from pilothouse.secrets.rotation import Rotation
from pilothouse.secrets.schemas import SecretState

NEEDED = tuple(name for name, kind in KINDS.items() if kind.made and kind.shared)
"""Those that every installation has."""

MOST_VERSIONS = 3
"""Versions in use at once above which somebody has forgotten to retire old ones."""


async def secret_lines(rotation: Rotation, clock: Clock, folders: Sequence[Path]) -> AsyncIterator[Line]:
    """A line for each secret, and one for each of the `folders` that hold some."""
    now = clock.now()
    states = {name: await rotation.state(name) for name in NEEDED}
    states |= {state.name: state for state in await rotation.states()}
    for name, state in states.items():
        if kind_of(name).shared:
            yield _line(state, now)
    for folder in folders:
        yield await asyncio.to_thread(_folder, folder)


def _line(state: SecretState, now: dt.datetime) -> Line:
    name = f"secret {state.name}"
    if not state.versions:
        todo = "Run `pilothouse secrets init` on one machine, and copy the folder to the others."
        return failed(name, f"There is none yet; it is for {kind_of(state.name).summary}.", todo)
    if state.wrong is not None:
        return failed(name, state.wrong, f"`pilothouse secrets rotate {state.name}`")
    newest = state.versions[0]
    if not state.strong:
        return failed(name, "It can be guessed.", f"`pilothouse secrets rotate {state.name}`")
    if state.due_at is not None and state.due_at < now:
        days = (now - state.due_at).days
        return warned(name, f"Rotation is due for {days} days.", f"`pilothouse secrets rotate {state.name}`")
    if len(state.versions) > MOST_VERSIONS:
        oldest = state.versions[-1].version
        return warned(
            name,
            f"{len(state.versions)} versions are in use.",
            f"`pilothouse secrets retire {state.name} {oldest}`",
        )
    if newest.since is None:
        return passed(name, f"Version {newest.version} in {newest.where}; its age is not known.")
    age = (now - newest.since).days
    return passed(name, f"Version {newest.version}, {age} days old, in {newest.where}.")


def _folder(folder: Path) -> Line:
    name = f"folder {folder}"
    seen = others_may_read(folder)
    if not seen:
        return passed(name, "Only this user can read its secrets.")
    names = ", ".join(path.name for path in seen[:5])
    return failed(
        name, f"Other users of the machine can read {names}.", f"chmod 700 {folder}; chmod 600 {folder}/*"
    )
