"""A prompt is a file: what is wrong with one is told with its line."""

from __future__ import annotations

import pytest

from pilothouse.prompts.errors import PromptInvalid
from pilothouse.prompts.files import Source, read
from pilothouse.prompts.schemas import PromptVersion
from pilothouse.prompts.variables import Kind
from support.prompted import text

WHOLE = """---
description: Sorts a ticket.
variables:
  ticket: {type: string, untrusted: true, max: 10000}
  tone: [calm, urgent]
  tags: optional list of string
  due: optional date
  order: {type: object, optional: true, fields: {id: string, total: optional number}}
model: openai:gpt-4.1-mini
settings:
  temperature: 0.2
  max_tokens: 300
  stop: END
output:
  type: object
  properties: {topic: {type: string}}
examples:
  - input: {ticket: Where is it, tone: calm}
    output: {topic: delivery}
tests:
  - name: the tone
    variables: {ticket: hello, tone: calm}
    contains: calm
---

You sort tickets. Tone: {{ tone }}.
<!-- user -->
{{ ticket | quoted }}
"""


def one(body: str, head: str = "variables: {customer: string}") -> PromptVersion:
    return read("shop/greet", Source(text(body, head)))


def wrong(whole: str, old: str, new: str) -> str:
    assert old in whole
    with pytest.raises(PromptInvalid) as caught:
        read("support/triage", Source(whole.replace(old, new)))
    return str(caught.value)


def test_head_and_body_are_read() -> None:
    version = read("support/triage", Source(WHOLE))
    assert (version.name, version.number, version.model) == ("support/triage", None, "openai:gpt-4.1-mini")
    assert version.variables["tone"].values == ("calm", "urgent")
    assert version.variables["tags"].items is not None
    assert version.variables["order"].fields["total"].type is Kind.NUMBER
    assert (version.settings.temperature, version.settings.stop) == (0.2, ("END",))
    assert version.body.startswith("You sort tickets.")
    assert len(version.examples) == len(version.tests) == 1
    assert version.id == f"file:{version.digest[:12]}"


def test_a_head_may_be_left_out() -> None:
    version = read("shop/plain", Source("Say hello.\n"))
    assert (version.body, dict(version.variables)) == ("Say hello.", {})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("temperature: 0.2", "temperature: 3", "line 11: settings.temperature: Input should be less"),
        ("max_tokens: 300", "max_tokens: 1.5", "line 12: settings.max_tokens"),
        (
            "settings:",
            "setings:",
            "line 10: setings: nothing of that name is known here. Did you mean settings?",
        ),
        ("  stop: END", "  heat: 1", "line 13: settings.heat: nothing of that name is known here"),
        ("[calm, urgent]", "strng", "line 5: variables.tone: 'strng' is no type"),
        ("[calm, urgent]", "enum", "line 5: variables.tone: an enum is written as the list"),
        ("max: 10000", "max: 1, min: 2", "line 4: variables.ticket: `min` is above `max`"),
        ("max: 10000", "default: 5", "line 4: variables.ticket: the default is string"),
        ("id: string", "id: strng", "line 8: variables.order.fields.id: 'strng' is no type"),
        ("  tone:", "  Tone:", "line 5: variables.Tone"),
        ("model: openai:gpt-4.1-mini", "model: a b", "line 9: model"),
        ("  type: object\n", "  type: thing\n", "`output` is no JSON schema"),
        ("tone: calm}\n    output", "tone: rude}\n    output", "example 1: `tone` of the prompt"),
        ("ticket: Where is it, ", "", "example 1: The prompt support/triage needs `ticket` (string)"),
        ("Tone: {{ tone }}", "Tone: {{ tne }}", "line 26: the template uses `tne`, which is no variable"),
        ("{{ ticket | quoted }}", "{{ ticket }}", "line 28: what is put in is untrusted"),
        ("{{ tone }}", "{% if tone %}", "line 26: the template cannot be read"),
        ("<!-- user -->", "<!-- usr -->", "line 27: there is no part `usr`"),
        ("<!-- user -->", "<!-- user -->\nx\n<!-- system -->", "line 29: the system's part comes first"),
        ("description: Sorts", "model: x\ndescription: Sorts", "line 10: `model` is said twice"),
        ("description: Sorts a ticket.", "description: [", "the head, line"),
        ("tone: [calm, urgent]", "tone: &a [x]\n  more: *a", "line 6: aliases are not taken"),
        ("---\n\nYou", "\nYou", "line 1: the head that begins here has no end"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert told in wrong(WHOLE, old, new)


def test_all_that_is_wrong_with_a_head_is_told_at_once() -> None:
    told = wrong(WHOLE.replace("temperature: 0.2", "temperature: 3"), "max_tokens: 300", "max_tokens: 0")
    assert "settings.temperature" in told
    assert "settings.max_tokens" in told


def test_an_empty_body_and_one_that_is_too_large_are_refused() -> None:
    for body, told in (("", "empty"), ("x" * 200_001, "more than 200,000 characters")):
        with pytest.raises(PromptInvalid, match=told):
            one(body)


@pytest.mark.parametrize("name", ["", "Shop/greet", "a//b", "/a", "a/b/c/d/e", "a b", "../a", "a.b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(PromptInvalid, match="is no name of a prompt"):
        read(name, Source("x"))


def test_the_digest_is_that_of_what_a_model_sees() -> None:
    first = one("Say hello to {{ customer }}.")
    assert one("Say hello to {{ customer }}.").digest == first.digest
    assert (
        read("shop/greet", Source(text("Say hello to {{ customer }}.").replace("\n", "\r\n"))).digest
        == first.digest
    )
    assert one("\nSay hello to {{ customer }}.\n\n").digest == first.digest
    assert one("Say hello to {{ customer }}.", "variables: {customer: {type: string}}").digest == first.digest
    tests = "tests: [{name: n, variables: {customer: a}, contains: hello}]"
    with_tests = read("shop/greet", Source(text("Say hello to {{ customer }}."), tests))
    assert (with_tests.digest, len(with_tests.tests)) == (first.digest, 1)
    for body, head in (
        ("Say hello to {{ customer }}!", "variables: {customer: string}"),
        ("Say hello to {{ customer }}.", "variables: {customer: string}\nsettings: {temperature: 0}"),
        ("Say hello to {{ customer }}.", "variables: {customer: string}\nmodel: fast"),
    ):
        assert one(body, head).digest != first.digest


def test_tests_that_cannot_be_read_are_told_with_their_line() -> None:
    with pytest.raises(PromptInvalid, match=r"the tests, line 2: tests\.0\.has: nothing of that name"):
        read("shop/greet", Source("x", "tests:\n  - {name: n, has: x}"))
    with pytest.raises(PromptInvalid, match="the tests"):
        read("shop/greet", Source("x", "- 1"))
