"""No emoji and no place of one machine in any text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checks.text import emoji, places_of_one_machine
from checks.tree import Source, Tree

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

HOME, TREE = "/" + "root", "/" + "work"
INDEX = "https://py" + "pi.org/simple"
MIRROR = "https:" + "//npm-registry.corp.example/x"


@pytest.mark.parametrize(
    "character",
    [
        "\N{ROCKET}",
        "\N{WHITE HEAVY CHECK MARK}",
        "\N{WARNING SIGN}",
        "\N{WHITE MEDIUM STAR}",
        "\N{CROSS MARK}",
        "\N{SPARKLES}",
        "\N{REGIONAL INDICATOR SYMBOL LETTER D}",
        "\N{VARIATION SELECTOR-16}",
    ],
)
def test_an_emoji_is_found_in_any_text_file(found: Found, character: str) -> None:
    assert found(emoji, {"docs/a.md": f"one\ntwo {character}\n"}) == [("docs/a.md", 2)]


def test_typography_arrows_boxes_marks_and_other_scripts_are_text(found: Found) -> None:
    text = "→ ─│├└▼ ✓ ✗ … “quoted” – € ≥ × 日本語 العربية ñ"  # noqa: RUF001 - what the check must let pass
    assert found(emoji, {"docs/a.md": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        f"open({TREE}/main/data.json)",
        f'"{HOME}/.cache"',
        "/" + "home/alice/project",
        "/" + "Users/alice/project",
        "C:" + "\\Users\\alice",
        INDEX,
        MIRROR,
        "//files.python" + "hosted.org/packages",
        "registry.npm" + "js.org",
    ],
)
def test_a_path_or_registry_of_one_machine_is_found(found: Found, text: str) -> None:
    assert found(places_of_one_machine, {"README.md": f"\n{text}\n"}) == [("README.md", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "/var/lib/pilothouse",
        "/usr/bin/env python3",
        "WORKDIR /home/app/service",
        "https://example.com/work/items",
        "../work/items and docs/root/page",
        "the root/work ratio",
        "https://registry.terraform.io/hashicorp/aws",
        "pip install npm-groovy",
        "/api/v1/Users/17",
    ],
)
def test_places_that_every_machine_has_are_fine(found: Found, text: str) -> None:
    assert found(places_of_one_machine, {"README.md": text}) == []


def test_the_folder_of_this_very_repository_is_found_unless_it_is_a_short_one() -> None:
    deep, short = Path("/srv/build/pilothouse"), Path("/app")
    sources = (Source("Dockerfile", f"COPY {deep} {short}\n"),)
    assert [finding.line for finding in places_of_one_machine(Tree(deep, sources))] == [1]
    assert list(places_of_one_machine(Tree(short, sources))) == []
