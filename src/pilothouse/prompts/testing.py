"""Runs the tests that lie beside prompts: for the command line, for labels, and for pytest.

from pilothouse.prompts.testing import check_prompts

def test_prompts() -> None:
    check_prompts("src/shop/prompts")
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path

from pilothouse.prompts.errors import PromptTestsFailed, VariablesInvalid
from pilothouse.prompts.rendering import render
from pilothouse.prompts.schemas import PromptTest, PromptVersion, Rendered, TestedPrompt
from pilothouse.prompts.shipped import read_folder

SHOWN = 60
"""Characters of an expected text that a failure shows."""


def check_prompts(folder: str | Path | Traversable) -> list[TestedPrompt]:
    """Read all prompts of a folder and run their tests; how each went, if none fails.

    Raises `PromptInvalid` for a prompt that cannot be used, `PromptTestsFailed` that names each failure.
    """
    found = run_tests(read_folder(folder).values())
    insist(found)
    return found


def run_tests(versions: Iterable[PromptVersion]) -> list[TestedPrompt]:
    """How the tests of these versions go."""
    return [_tested(version, test) for version in versions for test in version.tests]


def insist(found: Iterable[TestedPrompt]) -> None:
    """Raise `PromptTestsFailed` where a test fails."""
    failed = [f"{one.prompt}, {one.name}: {one.failure}" for one in found if one.failure is not None]
    if failed:
        raise PromptTestsFailed("Tests of prompts fail:", found=failed)


def _tested(version: PromptVersion, test: PromptTest) -> TestedPrompt:
    tokens = None
    try:
        rendered = render(version, test.variables)
    except VariablesInvalid as error:
        failure = None if test.error == error.code else str(error)
    else:
        tokens = rendered.tokens
        failure = _failure(rendered, test)
    return TestedPrompt(prompt=version.name, name=test.name, failure=failure, tokens=tokens)


def _failure(rendered: Rendered, test: PromptTest) -> str | None:
    if test.error is not None:
        return f"expected the error {test.error}, and it was rendered"
    for text in test.contains:
        if text not in rendered.text:
            return f"{_short(text)} is not in it"
    for text in test.lacks:
        if text in rendered.text:
            return f"{_short(text)} is in it"
    if test.at_most_tokens is not None and rendered.tokens > test.at_most_tokens:
        return f"has about {rendered.tokens:,} tokens, at most {test.at_most_tokens:,} are allowed"
    return None


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")
