"""The table of inlets: its defaults, what a file changes of them, and what a file may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.errors import SettingsInvalid
from pilothouse.guards.findings import Act
from pilothouse.guards.scanning import TYPES
from pilothouse.guards.table import Table, read
from pilothouse.runtime.guarding import Inlet

CHANGES = """
[input]
personal = "mask"
ip_address = "allow"
[tenants.acme.input]
email = "block"
secrets = "flag"
[limits]
characters = 10
"""


def table(folder: Path, text: str) -> Table:
    path = folder / "guards.toml"
    path.write_text(text)
    return read(path, TYPES)


def test_by_default_secrets_are_masked_on_the_way_in_and_personal_data_is_flagged() -> None:
    for inlet in (Inlet.INPUT, Inlet.ANSWER, Inlet.TOOL_ARGUMENTS, Inlet.TOOL_RESULT):
        acts = Table().of("acme", inlet)
        found = {kind: acts.of(kind) for kind in ("card", "private_key", "openai_key", "email", "jailbreak")}
        assert found == {
            **dict.fromkeys(("card", "private_key", "openai_key"), Act.MASK),
            **dict.fromkeys(("email", "jailbreak"), Act.FLAG),
        }
    assert Table().of("acme", Inlet.INPUT).of("too_long") is Act.BLOCK
    assert Table().of("acme", Inlet.INPUT).of("url") is Act.ALLOW
    assert Table().of("acme", Inlet.OUTPUT).of("card") is Act.FLAG


def test_a_file_changes_groups_and_single_types_and_tenants_go_before_it(tmp_path: Path) -> None:
    changed = table(tmp_path, CHANGES)
    everybody, acme = changed.of("other", Inlet.INPUT), changed.of("acme", Inlet.INPUT)
    assert [everybody.of(kind) for kind in ("email", "ip_address", "card")] == [Act.MASK, Act.ALLOW, Act.MASK]
    assert [acme.of(kind) for kind in ("email", "phone", "ip_address", "card")] == [
        Act.BLOCK,
        Act.MASK,
        Act.ALLOW,
        Act.FLAG,
    ]
    assert changed.of("acme", Inlet.ANSWER).of("email") is Act.FLAG
    assert changed.limits.characters == 10
    rows = dict(changed.rows("acme"))
    assert (rows[Inlet.INPUT]["email"], rows[Inlet.INPUT]["secrets"]) == (Act.BLOCK, Act.FLAG)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[door]\npersonal = 'mask'", "'door' is no inlet"),
        ("[input]\nemails = 'mask'", "'emails' is no type"),
        ("[input]\nemail = 'hide'", "email = 'hide'"),
        ("[input]\njailbreak = 'mask'", "jailbreak cannot be masked"),
        ("[limits]\ndepth = 0", "depth"),
        ("[limits]\nwidth = 1", "width"),
        ("tenants = 3", "is no table"),
        ("[input", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named):
        table(tmp_path, text)
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read(tmp_path / "nowhere.toml", TYPES)
