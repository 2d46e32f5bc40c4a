from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from pilothouse.kit.postgres.configuration import conninfo, idents_text, settings_text


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_any_name_survives_in_a_connection_string(name: str) -> None:
    found = conninfo_to_dict(conninfo(Path("/run/x"), name, role=name))
    assert found == {"host": "/run/x", "port": "5432", "user": name, "dbname": name}


def test_settings_of_newer_versions_are_left_out_for_older_ones() -> None:
    assert "io_method" in settings_text(18)
    assert "io_method" not in settings_text(16)
    assert "synchronous_commit = 'on'" in settings_text(16)


def test_users_with_unusual_names_are_quoted() -> None:
    lines = idents_text({'CORP\\alice "a"', "bob"}).splitlines()
    assert lines[1:] == ['pilothouse "CORP\\alice ""a""" all', 'pilothouse "bob" all']
