"""Links lead somewhere, and a decision record fits on one page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.documents import broken_links, decision_records

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

GUIDE = """\
# The guide

## First steps: `run` & *watch*

## Twice

## Twice

```sh
# no heading
```
"""


@pytest.mark.parametrize(
    "link",
    [
        "[a](guide.md)",
        "[a](./guide.md#the-guide)",
        "[a](guide.md#first-steps-run--watch)",
        "[a](guide.md#twice-1)",
        "[a](#page)",
        "[a](../README.md 'the start')",
        "![a](<../docs/picture.svg>)",
        "[a](../docs)",
        "[a]: guide.md",
        "[a](https://example.com/x.md)",
        "[a](mailto:someone@example.com)",
        "`[a](missing.md)`",
        "```\n[a](missing.md)\n```",
        "~~~\n```\n[a](missing.md)\n~~~",
    ],
)
def test_links_that_lead_somewhere_are_fine(found: Found, link: str) -> None:
    page = f"# Page\n\n{link}\n"
    files = {"docs/page.md": page, "docs/guide.md": GUIDE, "README.md": "", "docs/picture.svg": ""}
    assert found(broken_links, files) == []


@pytest.mark.parametrize(
    "link",
    [
        "[a](missing.md)",
        "![a](missing.png)",
        "[a](guide.md) and [b](missing.md)",
        "[a]: missing.md",
        "[a](/docs/guide.md)",
        "[a](guide.md#no-such-heading)",
        "[a](guide.md#no-heading)",
        "[a](guide.md#twice-2)",
        "[a](#elsewhere)",
        "[a](../../README.md)",
    ],
)
def test_links_that_lead_nowhere_are_found(found: Found, link: str) -> None:
    files = {"docs/page.md": f"# Page\n\n{link}\n", "docs/guide.md": GUIDE, "README.md": ""}
    assert found(broken_links, files) == [("docs/page.md", 3)]


def test_templates_and_made_up_documents_are_not_followed(found: Found) -> None:
    assert found(broken_links, {"src/x/template.md": "[a](gone.md)", "tests/x.md": "[a](gone.md)"}) == []


def test_a_record_has_one_page_a_title_and_a_number_of_its_own(found: Found) -> None:
    page = "# A decision\n" + "why\n" * 39
    files = {
        "docs/decisions/0001-decisions.md": page,
        "docs/decisions/0002-too-long.md": page + "more\n",
        "docs/decisions/0002-same-number.md": page,
        "docs/decisions/0003-untitled.md": "Why not\n",
        "docs/decisions/Queue.md": page,
        "docs/guide.md": "text\n" * 90,
    }
    assert found(decision_records, files) == [
        ("docs/decisions/0002-too-long.md", 1),
        ("docs/decisions/0002-too-long.md", 41),
        ("docs/decisions/0003-untitled.md", 1),
        ("docs/decisions/Queue.md", 1),
    ]
