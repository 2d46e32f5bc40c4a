"""A shop that ships one prompt, and versions of it that a tenant makes."""

from __future__ import annotations

from pilothouse import App
from pilothouse.prompts.files import Source
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.schemas import Subjects
from pilothouse.prompts.shipped import ShippedPrompts

GREET = "shop/greet"
SUBJECTS = Subjects(run="run-1", user="person:ada", tenant="default")

app = App("shop", prompts="shop_prompts")


def shipped() -> ShippedPrompts:
    """What the shop ships, read anew."""
    return shipped_by([app])


def text(body: str, head: str = "variables: {customer: string}") -> str:
    """A file with this head and body."""
    return f"---\n{head}\n---\n{body}\n"


def greeting(word: str) -> str:
    """A version of the shop's prompt that says `word`."""
    return text(f"Say {word} to {{{{ customer }}}}.")


def source(word: str) -> Source:
    """The same, to be read."""
    return Source(greeting(word))
