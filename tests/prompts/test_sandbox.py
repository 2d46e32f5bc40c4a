"""A template is text with holes: whatever else Jinja can do is refused, and work is bounded."""

from __future__ import annotations

import time

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.prompts import templates
from pilothouse.prompts.errors import PromptInvalid, RenderTooLarge
from pilothouse.prompts.files import Source, read
from pilothouse.prompts.rendering import render
from pilothouse.prompts.schemas import PromptVersion
from support.prompted import text

HEAD = "variables: {x: string, l: list, o: object}"
GIVEN = {"x": "text", "l": [1, 2, 3], "o": {"a": {"b": 1}}}


def version(body: str) -> PromptVersion:
    return read("shop/greet", Source(text(body, HEAD)))


@pytest.mark.parametrize(
    "body",
    [
        "{{ x.__class__ }}",
        "{{ x['__class__'] }}",
        "{{ o.__class__.__mro__ }}",
        "{{ x|attr('__class__') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ x.format() }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ '%s' % x }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 1 + 1 }}",
        "{{ x ~ x }}",
        "{{ range(10) }}",
        "{% for i in range(99999999) %}{% endfor %}",
        "{{ lipsum(1000) }}",
        "{{ cycler(1) }}",
        "{{ joiner() }}",
        "{{ namespace(a=1) }}",
        "{{ dict(a=1) }}",
        "{{ {'a': 1} }}",
        "{% set a = 1 %}",
        "{% set a %}x{% endset %}",
        "{% with a = 1 %}{% endwith %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% for i in l recursive %}{{ loop(l) }}{% endfor %}",
        "{{ l | map('upper') }}",
        "{{ l | batch(2) }}",
        "{{ x | pprint }}",
        "{{ x | xmlattr }}",
        "{{ self }}",
        "{{ x | format(1) }}",
        "{{ x | replace('a', 'b') }}",
        "{{ x is filter }}",
        "{{ x is callable }}",
        "{{ loop.index }}",
        "{% call x() %}{% endcall %}",
        "{% do x %}",
        "{% debug %}",
        "{{ config }}",
        "{{ x",
        "{{ [l.append(1)] }}",
        "{{ l.append }}{{ undeclared }}",
        "{% autoescape true %}{% endautoescape %}",
    ],
)
def test_what_a_prompt_may_not_do_is_refused_or_finds_nothing(body: str) -> None:
    with pytest.raises(PilothouseError) as caught:
        render(version(body), GIVEN)
    assert type(caught.value).__name__ in {"PromptInvalid", "RenderFailed"}, repr(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in l %}{% for b in l %}{{ x | upper | lower | length }}{% endfor %}{% endfor %}",
        "{% for a in l %}{{ x }}{% endfor %}",
        "{{ l | join(x) }}",
        "{% for a in l %}{% if x == x %}{% endif %}{% endfor %}",
        "{% for a in l %}{% if 'yz' in x %}{% endif %}{% endfor %}",
        "{{ [" + "x," * 1_000 + "] | tojson }}",
        "{{ [" + "x," * 1_000 + "] | join }}",
        "{% for a in l %}" + "{{ x | length }}" * 100 + "{% endfor %}",
        "{{ x | indent(16) }}" * 5,
    ],
)
def test_work_is_bounded(body: str) -> None:
    given = {"x": "x\n" * 50_000, "l": list(range(2_000)), "o": {}}
    known = version(body)
    began = time.process_time()
    with pytest.raises(RenderTooLarge, match=r"more work|too long|more than"):
        render(known, given)
    assert time.process_time() - began < 10  # it takes hundredths; unbounded, it would take minutes


def test_a_template_has_a_bounded_number_of_expressions() -> None:
    with pytest.raises(PromptInvalid, match=r"line 4: a part has at most 5,000 expressions"):
        version("{{ [" + "x," * 5_000 + "] | join }}")


def test_the_bounds_leave_room_for_long_prompts() -> None:
    body = "{% for a in l %}{{ loop.index }} {{ a }} {{ x | upper }}\n{% endfor %}{{ o.long | quoted }}"
    given = {"x": "some text", "l": list(range(5_000)), "o": {"long": "word " * 100_000}}
    found = render(version(body), given)
    assert 500_000 < len(found.system) < templates.MOST_OUTPUT


def test_work_is_counted_alike_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    kept = templates.Work.add

    def add(work: templates.Work, units: int) -> None:
        kept(work, units)
        counts[-1] = work.done

    monkeypatch.setattr(templates.Work, "add", add)
    known = version("{% for a in l %}{% if a > 1 %}{{ x | upper }}{% endif %}{% endfor %}")
    for _ in range(2):
        counts.append(0)
        render(known, GIVEN)
    assert counts[0] == counts[1] > 0


def test_values_are_never_templates() -> None:
    found = render(version("{{ x }}"), GIVEN | {"x": "{{ 7 * 7 }}{% set a = 1 %}"})
    assert found.system == "{{ 7 * 7 }}{% set a = 1 %}"


def test_what_is_given_is_not_changed() -> None:
    given = {"x": "b", "l": [3, 1], "o": {"a": [2, 1]}}
    render(version("{{ l | sort | join }}{{ o.a | sort | first }}"), given)
    assert given == {"x": "b", "l": [3, 1], "o": {"a": [2, 1]}}
