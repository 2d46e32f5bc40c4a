"""Policies that an application ships lie beside the file in which it is written."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pilothouse import App
from pilothouse.app import policies_of
from support.governed import TOOLS

BASE = '@id("base") permit (principal, action in Action::"app:shop", resource);'


def test_a_relative_folder_lies_beside_the_file_of_the_application(tmp_path: Path) -> None:
    made = App("shop", policies="policies/")
    assert made.policies == Path(__file__).parent / "policies"
    assert dataclasses.replace(made, name="other").policies == made.policies
    assert App("shop", policies=tmp_path).policies == tmp_path
    assert App("shop").policies is None


def test_what_an_application_ships_holds_for_its_tools(tmp_path: Path) -> None:
    (tmp_path / "base.cedar").write_text(BASE)
    found = policies_of([App("shop", tools=TOOLS, policies=tmp_path), App("other")])
    assert [rule.id for rule in found.rules["shop"]] == ["base"]
    assert set(found.versions) == {"models", "shop"}
    assert set(found.vocabulary.tools) == {"model", *(tool.name for tool in TOOLS)}
