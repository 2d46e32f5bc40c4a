"""The archive of an export: any tar program reads it, in whatever pieces it was written."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tenants.archive import Archive

AT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
NAMES = st.text("abcdefghijklmnop/ä-", min_size=1, max_size=150).map(lambda text: "m/" + text.strip("/"))


@given(
    members=st.dictionaries(NAMES, st.lists(st.binary(max_size=700), max_size=4), max_size=5),
    part=st.integers(1, 3_000),
)
def test_what_was_written_is_read_again_and_no_part_is_too_large(
    members: dict[str, list[bytes]], part: int
) -> None:
    parts: list[bytes] = []

    async def write() -> None:
        async def sink(content: bytes) -> None:
            parts.append(content)

        archive = Archive(sink, AT, part)
        for name, pieces in members.items():
            content = b"".join(pieces)

            async def given(pieces: list[bytes] = pieces) -> AsyncIterator[bytes]:
                for piece in pieces:
                    yield piece

            made = await archive.stream(name, len(content), given())
            assert made.sha256 == hashlib.sha256(content).hexdigest()
        await archive.close()

    asyncio.run(write())
    assert all(len(item) == part for item in parts[:-1])
    assert len(parts[-1]) <= part
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as archive:
        found = {item.name: archive.extractfile(item).read() for item in archive}  # type: ignore[union-attr]  # files only
    assert found == {name: b"".join(pieces) for name, pieces in members.items()}


async def test_a_member_of_another_size_than_announced_leaves_the_archive_whole() -> None:
    parts: list[bytes] = []

    async def sink(content: bytes) -> None:
        parts.append(content)

    async def given() -> AsyncIterator[bytes]:
        yield b"12345"

    archive = Archive(sink, AT, 1_000)
    await archive.stream("short", 2_500, given())
    await archive.stream("long", 3, given())
    await archive.add("last", b"!")
    await archive.close()
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as found:
        contents = [found.extractfile(item).read() for item in found]  # type: ignore[union-attr]  # files only
    assert contents == [b"12345" + bytes(2_495), b"123", b"!"]
