"""Errors know their code, their status and what a reader can do."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import pilothouse
from pilothouse.errors import Faulty, InvalidInput, NotFound, PilothouseError, Unavailable


def every_error() -> list[type[PilothouseError]]:
    for module in pkgutil.walk_packages(pilothouse.__path__, "pilothouse."):
        if ".migrations.env" not in module.name and ".versions" not in module.name:
            importlib.import_module(module.name)
    found, queue = [], [PilothouseError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue += kind.__subclasses__()
    return found


def test_the_docstring_is_the_default_message_and_the_hint_follows_it() -> None:
    assert str(NotFound()) == "There is no such thing here."
    assert str(NotFound("No run 7.", hint="List them.")) == "No run 7. List them."


def test_what_is_not_valid_says_each_thing_that_was_found() -> None:
    error = Faulty(found=["no name", "no date"], hint="Add them.")
    assert (str(error), error.found) == (
        "Something is not valid: no name; no date Add them.",
        ("no name", "no date"),
    )
    assert str(Faulty("Two things:", found=["a", "b"])) == "Two things: a; b"


def test_a_class_is_found_by_its_code() -> None:
    assert PilothouseError.of_code("invalid_input") is InvalidInput
    assert PilothouseError.of_code("nonsense") is None


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_and_a_sentence(kind: type[PilothouseError]) -> None:
    assert 400 <= kind.status <= 599
    assert (kind.__doc__ or "").strip().splitlines()[0].endswith((".", ":"))
    assert kind.code.replace("_", "").isalnum()


def test_a_retry_is_said_to_help_where_a_part_is_away() -> None:
    assert Unavailable.retryable
    assert not InvalidInput.retryable
