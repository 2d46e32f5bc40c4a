"""Writes a zip whose bytes depend on nothing but its files: sorted entries, fixed times and permissions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""

_UNIX = 3
_REGULAR, _EXECUTABLE = 0o100644, 0o100755


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip of `files` by path: deflated, in order of path; files that begin with "#!" may be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, TIME)
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (_EXECUTABLE if files[path].startswith(b"#!") else _REGULAR) << 16
            archive.writestr(entry, files[path])
    return buffer.getvalue()
