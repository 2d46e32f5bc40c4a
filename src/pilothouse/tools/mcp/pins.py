"""What an MCP server says of itself, its digest, and what was approved of it.

A server that was harmless when it was looked at may say something else of its tools a week later (a "rug
pull"): a description is text that a model reads and follows. So all of it is pinned, and kept with the code
of the application, where a change of it is looked at as any other change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from pilothouse.errors import Category, PilothouseError, Severity
from pilothouse.kit import canonical


class PinInvalid(PilothouseError):
    """The file that holds what was approved of a server cannot be used."""

    code = "mcp_pin_invalid"
    category = Category.USER


class ServerChanged(PilothouseError):
    """An MCP server is not what was approved: its tools are not called before somebody has approved it."""

    code = "mcp_server_changed"
    status = 403
    category = Category.EXTERNAL
    severity = Severity.WARNING


class Offered(BaseModel):
    """A tool as its server describes it."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str = ""
    input_schema: dict[str, JsonValue]
    output_schema: dict[str, JsonValue] | None = None
    title: str | None = None
    annotations: dict[str, JsonValue] | None = None


class Description(BaseModel):
    """A server as it describes itself, with those of its tools that are allowed, by name."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    instructions: str | None = None
    tools: tuple[Offered, ...]

    @property
    def pin(self) -> str:
        """`sha256:` and the digest of all of it, in canonical JSON (RFC 8785)."""
        whole = canonical.rfc8785(canonical.exact(self.model_dump_json().encode()))
        return f"sha256:{hashlib.sha256(whole).hexdigest()}"

    def differences(self, now: Self) -> Iterator[str]:
        """What is another in `now`, a line for each."""
        for member in ("name", "version", "instructions"):
            if getattr(self, member) != getattr(now, member):
                yield f"{member}: {getattr(self, member)!r} -> {getattr(now, member)!r}"
        before, after = ({tool.name: tool for tool in each.tools} for each in (self, now))
        for name in sorted(before.keys() - after.keys()):
            yield f"tool {name}: it is gone"
        for name in sorted(after.keys() - before.keys()):
            yield f"tool {name}: it is new"
        for name in sorted(before.keys() & after.keys()):
            for member in Offered.model_fields:
                old, new = getattr(before[name], member), getattr(after[name], member)
                if old != new:
                    yield f"tool {name}, {member}: {_short(old)} -> {_short(new)}"


class Pin:
    """A file with what was approved of one server, and its digest."""

    def __init__(self, path: Path) -> None:
        """Nothing is read before it is asked for."""
        self.path = path

    def approved(self) -> Description | None:
        """What was approved; None where nothing was. Raises `PinInvalid`."""
        try:
            written = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            said = orjson.loads(written)
            found = Description.model_validate(said["approved"])
            pin = said["pin"]
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            raise PinInvalid(
                f"{self.path.name} holds no approved MCP server ({type(error).__name__})."
            ) from error
        if pin != found.pin:
            raise PinInvalid(
                f"{self.path.name} was edited: its digest is {found.pin}, and it says {pin}.",
                hint="Let `pilothouse mcp approve` write it.",
            )
        return found

    def approve(self, description: Description) -> None:
        """From now on the server is what `description` says."""
        said = {"pin": description.pin, "approved": description.model_dump(mode="json")}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        beside.write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        beside.replace(self.path)

    def insist(self, server: str, now: Description) -> None:
        """Raise `ServerChanged` where `now` is not what was approved."""
        before = self.approved()
        if before is None:
            raise ServerChanged(f"Nobody has approved the MCP server {server}.", hint=_how(server))
        if before.pin != now.pin:
            told = "; ".join(before.differences(now))
            message = f"The MCP server {server} is not what was approved: {told}."
            raise ServerChanged(message[:2_000], hint=_how(server))


def _how(server: str) -> str:
    see, take = f"`pilothouse mcp diff {server}`", f"`pilothouse mcp approve {server}`"
    return f"Look at it with {see}, and approve it with {take}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def allowed(tools: Sequence[Offered], names: frozenset[str] | None) -> tuple[Offered, ...]:
    """Those of `tools` that are called one of `names` (None: all), by name."""
    return tuple(sorted((t for t in tools if names is None or t.name in names), key=lambda tool: tool.name))
