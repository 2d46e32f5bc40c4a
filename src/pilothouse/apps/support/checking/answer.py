"""Whether an answer is the articles': each sentence stands in them word for word, at the place cited."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.support.judgements import Found, Passage

MOST = 4
"""Sentences of an answer."""


def answer_problems(expert: Found, found: Found) -> list[str]:
    """What is wrong with an answer; `expert` has the sentences that there are to choose from."""
    return list(_problems(expert, found))


def _problems(expert: Found, found: Found) -> Iterator[str]:
    own = [
        Passage(text=text, source=source)
        for text, source in zip(expert.sentences, expert.citations, strict=True)
    ]
    there = {(one.text, one.source) for one in (*own, *expert.near)}
    if len(found.sentences) != len(found.citations):
        yield "each sentence has one citation, in the same order"
        return
    if len(found.sentences) > MOST:
        yield f"at most {MOST} sentences"
    if len(set(found.sentences)) < len(found.sentences):
        yield "a sentence is there twice"
    for text, source in zip(found.sentences, found.citations, strict=True):
        if (text, source) not in there:
            yield f"{text[:80]!r} does not stand in the passages with this source: copy both as they are"
    if own and not found.sentences:
        yield "the articles answer this: choose the sentences that do"
    if found.near:
        yield "near is left empty"
