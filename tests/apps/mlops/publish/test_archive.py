from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.publish import zip_bytes

NAMES = st.text("abcdefgh/._-", min_size=1, max_size=12).filter(lambda name: not name.endswith("/"))


@given(st.dictionaries(NAMES, st.binary(max_size=64), max_size=8))
def test_what_goes_in_comes_out_whatever_the_order(files: dict[str, bytes]) -> None:
    packed = zip_bytes(files)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    assert {name: archive.read(name) for name in archive.namelist()} == files
    assert archive.namelist() == sorted(files)
    assert zip_bytes(dict(reversed(list(files.items())))) == packed


def test_times_and_permissions_are_fixed() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zip_bytes({"run": b"#!/bin/sh\n", "a": b"a"})))
    assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert [oct(item.external_attr >> 16) for item in archive.infolist()] == ["0o100644", "0o100755"]
