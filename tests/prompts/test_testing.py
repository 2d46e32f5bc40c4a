"""Tests lie beside prompts, and run from the command line, for labels and under pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse import App
from pilothouse.errors import SettingsInvalid
from pilothouse.prompts.errors import PromptInvalid, PromptTestsFailed
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.shipped import ShippedPrompts, read_folder
from pilothouse.prompts.testing import check_prompts
from support.prompted import GREET, app, shipped, text

SHOP = Path(str(app.prompts))


def folder(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_tests", ".tests.yaml")
        path = path if path.suffix == ".yaml" else path.with_suffix(".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_the_prompts_of_an_application_pass_their_tests() -> None:
    found = check_prompts(SHOP)
    assert [(one.prompt, one.failure) for one in found] == [(GREET, None)] * 3
    assert found[0].tokens == 15
    assert found[2].tokens is None


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("contains: nothing", "'nothing' is not in it"),
        ("lacks: [Ada]", "'Ada' is in it"),
        ("at_most_tokens: 2", "has about 3 tokens, at most 2 are allowed"),
        ("error: variable_missing", "expected the error variable_missing, and it was rendered"),
        ("variables: {customer: 3}", "`customer` of the prompt shop/x is string"),
        ("variables: {other: a}", "The prompt shop/x has no variable `other`"),
    ],
)
def test_a_failure_says_what_differs(tmp_path: Path, test: str, told: str) -> None:
    tests = f"variables: {{customer: Ada}}\ntests:\n  - name: a test\n    {test}"
    where = folder(tmp_path, shop__x=text("Hello {{ customer }}."), shop__x_tests=tests)
    with pytest.raises(PromptTestsFailed) as caught:
        check_prompts(where)
    assert f"shop/x, a test: {told}" in str(caught.value)


def test_a_folder_is_read_below_itself_and_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    where = folder(tmp_path, top="Hello.", a__b__c="Hello.", bad=text("{{ x }}"), worse=text("{{ y }}"))
    (where / "notes.txt").write_text("passed over")
    with pytest.raises(PromptInvalid) as caught:
        read_folder(where)
    assert caught.value.found == (
        "bad.md, line 4: the template uses `x`, which is no variable of the head",
        "worse.md, line 4: the template uses `y`, which is no variable of the head",
    )
    for name in ("bad", "worse"):
        (where / f"{name}.md").unlink()
    assert sorted(read_folder(where)) == ["a/b/c", "top"]


def test_a_folder_without_prompts_and_tests_without_a_prompt_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptInvalid, match=r"There is no .md file in"):
        read_folder(tmp_path)
    folder(tmp_path, one="x", other_tests="tests: []")
    with pytest.raises(PromptInvalid, match=r"other.tests.yaml lies beside no other.md"):
        read_folder(tmp_path)
    (tmp_path / "one.md").write_bytes(b"\xff")
    with pytest.raises(PromptInvalid, match=r"no UTF-8 text"):
        read_folder(tmp_path)


def test_prompts_are_read_when_they_are_first_asked_for(tmp_path: Path) -> None:
    made = shipped_by([App("late", prompts=tmp_path)])
    folder(tmp_path, late="Hello.")
    assert list(made.versions) == ["late"]
    assert (made.app_of("late"), made.app_of("other")) == ("late", None)
    assert shipped_by([App("none")]).versions == ShippedPrompts().versions == {}


def test_a_relative_folder_lies_beside_the_application() -> None:
    assert Path(__file__).parents[1] / "support" / "shop_prompts" == SHOP
    assert list(shipped().versions) == [GREET]


def test_what_cannot_be_shipped_says_which_application(tmp_path: Path) -> None:
    one, two = (folder(tmp_path / name, greet="x") for name in ("one", "two"))
    with pytest.raises(SettingsInvalid, match=r"The prompt greet is shipped by one and by two"):
        shipped_by([App("one", prompts=one), App("two", prompts=two)]).checked()
    folder(one, greet=text("{{ x }}"))
    with pytest.raises(SettingsInvalid, match=r"The prompt greet of one \(greet.md\) cannot be used.*line 4"):
        shipped_by([App("one", prompts=one)]).checked()
    with pytest.raises(SettingsInvalid, match=r"The prompts of gone cannot be used. There is no .md file"):
        shipped_by([App("gone", prompts=tmp_path / "gone")]).checked()
