"""`ctx.save`: an artifact. Its bytes are stored under their digest before the journal names them."""

from __future__ import annotations

import hashlib
import mimetypes
import unicodedata
from collections.abc import AsyncIterator, Sequence

import orjson

from pilothouse.errors import DatabaseUnavailable, InvalidInput, Unavailable
from pilothouse.kit import canonical, textual
from pilothouse.runtime import sealed_contents
from pilothouse.runtime.branch import current
from pilothouse.runtime.contents import WINDOW, looked_through
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import TurnLost
from pilothouse.runtime.failures import failure_of, raised, read_failure
from pilothouse.runtime.guarding import Blocked, Inlet, Unguarded, file_name
from pilothouse.runtime.history import Step
from pilothouse.runtime.passing import passed
from pilothouse.runtime.ports import Artifact, Statement
from pilothouse.runtime.replacing import Filling
from pilothouse.runtime.turn import Turn

INSERT_ARTIFACT = """
insert into artifacts
       (id, tenant_id, run_id, key, name, media_type, size, sha256, content_sha256, content_key)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (run_id, key) do nothing
"""
MAX_NAME = 200


class NotSaved(Unavailable):
    """An artifact's bytes could not be stored."""

    code = "not_saved"


def checked_name(name: str) -> str:
    """`name`, if it is one plain file name; raises `InvalidInput` for paths and control characters."""
    bad = any(unicodedata.category(character).startswith("C") for character in name)
    if bad or not name.strip(". ") or len(name) > MAX_NAME or any(mark in name for mark in '/\\:*?"<>|'):
        raise InvalidInput(
            f"{name[:80]!r} cannot name an artifact.",
            hint=f"Use one file name of at most {MAX_NAME} characters, without a path.",
        )
    return name


async def save(
    turn: Turn, name: str, content: str | bytes, *, media_type: str | None = None, key: str | None = None
) -> Artifact:
    """Keep `content` as an artifact of the run; returns its id, size and digest.

    Raises `StepFailed` where the bytes cannot be stored.
    """
    turn.check()
    checked_name(name)
    data = content.encode() if isinstance(content, str) else content
    sha256 = hashlib.sha256(data).hexdigest()
    step = turn.meet(current.get(), "save", "save", canonical.digest(f"{name}\n{sha256}".encode()), key)
    recorded = step.entries.get(Kind.SAVED)
    if recorded is not None:
        return Artifact.model_validate_json(decode(recorded.codec, recorded.payload))
    if step.outcome is not None:
        raise raised(read_failure(step.outcome))
    kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    data, name, beside = await _guarded(turn, step, name, content, kind)
    sha256 = hashlib.sha256(data).hexdigest()
    claim, services = turn.claim, turn.services
    artifact = Artifact(id=services.ids.new(), name=name, media_type=kind, size=len(data), sha256=sha256)
    try:
        with turn.working():
            stored = await _put(turn, artifact, data)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except Exception as error:
        turn.check()
        raise await _not_saved(turn, step, name, error) from error
    row = (artifact.id, claim.tenant_id, claim.run_id, step.key, name, kind, artifact.size, *stored)
    await turn.append(
        Entry(Kind.SAVED, step.key, artifact.model_dump_json().encode(), step.digest),
        beside=[Statement(INSERT_ARTIFACT, row), *beside],
    )
    return artifact


async def _guarded(
    turn: Turn, step: Step, name: str, content: str | bytes, kind: str
) -> tuple[bytes, str, Sequence[Statement]]:
    """The content and its name as the guard lets them pass, and what it writes beside them.

    What it blocks is not saved. Bytes that are no text pass as they are.
    """
    data = content.encode() if isinstance(content, str) else content
    beside: Sequence[Statement] = ()
    if isinstance(turn.services.guard, Unguarded):
        return data, name, ()
    try:
        called = await passed(turn, Inlet.NAME, step.key, orjson.dumps(name))
        if isinstance(content, str):
            said = orjson.dumps(content)
            found = await passed(turn, Inlet.ARTIFACT, step.key, said)
            data = data if found.data is said else orjson.loads(found.data).encode()
            beside = found.beside
        elif encoding := textual.encoding_of(kind, content):
            looked = await looked_through(
                turn, Inlet.ARTIFACT, step.key, _pieces(content), encoding, ours=True
            )
            data = content if looked.replaced is None else Filling(looked.replaced).fill(content)
            beside = looked.beside
    except Blocked as error:
        failure = failure_of(error, step.key)
        entry = Entry(Kind.FAILED, step.key, failure.model_dump_json().encode(), step.digest)
        await turn.append(entry, beside=error.told)
        raise raised(failure) from error
    return data, file_name(orjson.loads(called.data))[:MAX_NAME], (*called.told, *beside)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), WINDOW):
        yield content[start : start + WINDOW]


async def _put(turn: Turn, artifact: Artifact, data: bytes) -> tuple[str, str | None, bytes | None]:
    """Store the bytes; returns what the row tells of where they are."""
    claim, services = turn.claim, turn.services
    if not claim.personal:
        await services.artifacts.put(claim.tenant_id, artifact.sha256, data)
        return artifact.sha256, None, None
    place = sealed_contents.place_of(claim.tenant_id, artifact.id)
    return await sealed_contents.put(
        services.artifacts, services.payloads.sealing, place, artifact.sha256, data
    )


async def _not_saved(turn: Turn, step: Step, name: str, error: Exception) -> Exception:
    message = f"The artifact {name} could not be stored: {str(error) or type(error).__name__}"
    hint = "Check the space and the permissions where artifacts are kept, then retry the run."
    failure = failure_of(NotSaved(message, hint=hint), step.key)
    await turn.append(Entry(Kind.FAILED, step.key, failure.model_dump_json().encode(), step.digest))
    return raised(failure)
