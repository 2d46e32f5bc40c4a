"""Names of people by a trained pipeline of spaCy, which the setting `guards_names_model` names.

Nothing of spaCy is imported before the first text is read.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pilothouse.errors import Category, PilothouseError
from pilothouse.guards.overlaps import Candidate, resolved

if TYPE_CHECKING:
    from spacy.language import Language

NAME = "person_name"
"""The type of what is found: that of the rules for names."""
CONFIDENCE = 0.8
"""Below a listed given name with what follows (.85) and checked formats (.9), above turns of phrase (.75)."""
LABELS = frozenset({"PERSON", "PER", "PERS", "PRS", "PS", "persName"})
"""What pipelines call people: most PERSON or PER, Swedish ones PRS, Korean ones PS, Polish ones persName."""
PIECE, SEARCHED = 10_000, 1_000
"""Characters that are read at once, and how many of their last ones a place to cut is looked for in."""
REMEMBERED = 1_000
"""Pieces whose places are remembered: what is to be masked is looked at twice, and much is said again."""

_CUTS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"[.!?…]\s"), re.compile(r"\s"))
"""Where a text is cut, the best kind of place first."""
_WORD = re.compile(r"[\w.:/@-]*", re.ASCII)
"""A word alone. With nothing around it a model guesses: a small English one takes `order_id` for a person."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAK = re.compile(r"[\n\r0-9<>@/\\_=|{}\[\]\"]+")
"""What no name goes beyond: ends of lines, digits, and the signs of tags, placeholders and code."""
_OWNING = "'s"

_IDLE = frozenset(
    {
        *("tagger", "morphologizer", "parser", "senter", "sentencizer", "lemmatizer", "trainable_lemmatizer"),
        *("attribute_ruler", "textcat", "textcat_multilabel", "spancat", "spancat_singlelabel"),
    }
)
"""Kinds of parts that recognisers of entities do not read."""
_FINDING = frozenset({"ner", "beam_ner"})
_FEEDING = frozenset({"tok2vec", "transformer", "curated_transformer"})


class NameModelUnusable(PilothouseError):
    """The pipeline that is to find names of people cannot be used."""

    code = "name_model_unusable"
    category = Category.USER


class NameModel:
    """Finds names with a pipeline, which is loaded when it is needed first. Usable from any thread.

    It remembers digests of what it has read and places in it, no text.
    """

    def __init__(self, pipeline: str) -> None:
        """`pipeline` is a folder, or else the name of an installed one.

        Raises `NameModelUnusable` where it or spaCy is not there; neither is imported.
        """
        _insist(pipeline)
        self._pipeline = pipeline
        self._loaded: Language | None = None
        self._most = PIECE
        self._known: OrderedDict[bytes, Sequence[tuple[int, int]]] = OrderedDict()
        # spaCy promises nothing about threads, and a memory zone is for one at a time.
        self._lock = Lock()

    @property
    def name(self) -> str:
        """What the pipeline is called: no path."""
        return Path(self._pipeline).name

    def load(self) -> None:
        """Load it, which takes seconds, unless that is done. Raises `NameModelUnusable`."""
        with self._lock:
            self._ready()

    def might(self, text: str) -> bool:
        """Whether `places` may find anything: a name needs no sign, but words around it."""
        return not _WORD.fullmatch(text)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where names stand, in order and without overlaps. Time and memory grow with the text evenly."""
        if not self.might(text):
            return []
        self.load()
        # spaCy takes no half characters, and makes one word of a tag and the name beside it.
        readable = _SURROGATE.sub("\ufffd", text).replace("<", " ").replace(">", " ")
        return [
            (at + start, at + end)
            for at, piece in _pieces(readable, self._most)
            for start, end in self._places(piece)
        ]

    def _places(self, piece: str) -> Sequence[tuple[int, int]]:
        digest = blake2b(piece.encode(), digest_size=16).digest()
        with self._lock:
            if digest not in self._known:
                self._known[digest] = _read(self._ready(), piece)
            self._known.move_to_end(digest)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return self._known[digest]

    def _ready(self) -> Language:
        if self._loaded is None:
            self._loaded = _load(self._pipeline)
            self._most = min(PIECE, self._loaded.max_length)
        return self._loaded


def with_names(
    found: Iterable[Candidate], places: Iterable[tuple[int, int]], plain: str, order: int
) -> list[Candidate]:
    """What rules have found, with the names that a model has found at `places` of the plain form; resolved.

    The model only adds. It gives what rules have left free, cut to size, and the whole of a name of which
    they have found a part: that is as sure as the part. Where they have found more, theirs stays.
    """
    kept = resolved(found)
    starts, ends = [one.start for one in kept], [one.end for one in kept]
    new: list[Candidate] = []
    for start, end in places:
        meeting = kept[bisect_right(ends, start) : bisect_left(starts, end)]
        walls = [(one.start, one.end) for one in meeting if not _is_part(one, start, end)]
        walls += [(start + wall.start(), start + wall.end()) for wall in _BREAK.finditer(plain[start:end])]
        for begin, stop in _between(start, end, walls):
            first, last = _trimmed(plain, begin, stop)
            if any(character.isalpha() for character in plain[first:last]):
                parts = [one for one in meeting if begin <= one.start and one.end <= stop]
                last = max([last, *(one.end for one in parts)])
                sure = max([CONFIDENCE, *(one.confidence for one in parts)])
                new.append(Candidate(NAME, first, last, sure, order))
    return resolved([*kept, *new])


def _is_part(one: Candidate, start: int, end: int) -> bool:
    """Whether a finding of the rules is a name, too, and goes nowhere beyond this one."""
    return one.type == NAME and start <= one.start and one.end <= end


def _between(start: int, end: int, walls: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is left of a stretch without the walls."""
    at = start
    for begin, stop in sorted(walls):
        if begin > at:
            yield at, begin
        at = max(at, stop)
    if at < end:
        yield at, end


def _trimmed(plain: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without signs and spaces at its ends, and without the ending of what is somebody's."""
    while start < end and not plain[start].isalnum():
        start += 1
    while end > start and not plain[end - 1].isalnum():
        end -= 1
    return start, end - len(_OWNING) if plain.endswith(_OWNING, start, end) else end


def _pieces(text: str, most: int) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most so many characters, each with where it begins."""
    at = 0
    while len(text) - at > most:
        stop = _cut(text, max(at + 1, at + most - SEARCHED), at + most)
        yield at, text[at:stop]
        at = stop
    yield at, text[at:]


def _cut(text: str, first: int, last: int) -> int:
    """Where to cut between two places: as late as possible at the best kind of place that there is."""
    for cut in _CUTS:
        found = [place.end() for place in cut.finditer(text, first, last)]
        if found:
            return found[-1]
    return last


def _read(pipeline: Language, text: str) -> Sequence[tuple[int, int]]:
    """Where people are in a text. What spaCy learns of its words is forgotten with the memory zone."""
    with pipeline.memory_zone():
        return [(one.start_char, one.end_char) for one in pipeline(text).ents if one.label_ in LABELS]


def _insist(pipeline: str) -> None:
    """Raise where spaCy or the pipeline is not there."""
    if find_spec("spacy") is None:
        raise NameModelUnusable(
            f"guards_names_model names {pipeline!r}, but spaCy is not installed.",
            hint='Install both (spaCy: pip install "pilothouse[names]"), or unset guards_names_model.',
        )
    if Path(pipeline).is_dir():
        return
    try:
        distribution(pipeline)
    except PackageNotFoundError:
        raise NameModelUnusable(
            f"guards_names_model names {pipeline!r}, which is no folder and no installed pipeline of spaCy.",
            hint="Install it, such as by `python -m spacy download en_core_web_sm`, or name its folder.",
        ) from None


def _load(pipeline: str) -> Language:
    """The pipeline without what entities do not need. Raises `NameModelUnusable`."""
    try:
        import spacy

        folder = Path(pipeline)
        loaded = spacy.load(folder if folder.is_dir() else pipeline)
    except Exception as error:  # whatever is wrong with files that others have made
        raise NameModelUnusable(
            f"spaCy cannot load the pipeline {pipeline!r}: {type(error).__name__}: {error}",
            hint="Name a pipeline for this version of spaCy: `python -m spacy validate` tells.",
        ) from error
    told = {label for labels in loaded.pipe_labels.values() for label in labels}
    if told.isdisjoint(LABELS):
        raise NameModelUnusable(
            f"The pipeline {pipeline!r} finds no names of people: its labels are {sorted(told)}.",
            hint=f"Name one with a recogniser that has one of the labels {', '.join(sorted(LABELS))}.",
        )
    _lighten(loaded)
    return loaded


def _lighten(pipeline: Language) -> None:
    """Remove what entities do not need; nothing where there are rules or parts that may read anything."""
    kinds = {name: pipeline.get_pipe_meta(name).factory for name in pipeline.pipe_names}
    if not set(kinds.values()) <= _IDLE | _FINDING | _FEEDING:
        return
    for name in [name for name, kind in kinds.items() if kind in _IDLE]:
        pipeline.remove_pipe(name)
    for name in [name for name, kind in kinds.items() if kind in _FEEDING]:
        listening = getattr(pipeline.get_pipe(name), "listening_components", None)
        if listening is not None and not set(listening) & set(pipeline.pipe_names):
            pipeline.remove_pipe(name)
