"""A searchable knowledge base that follows a folder of articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pilothouse.apps.support.knowledge import stored
from pilothouse.apps.support.knowledge.documents import Chunk, paths, read
from pilothouse.apps.support.knowledge.ranking import Ranking

ARTICLES = Path(__file__).parent.parent / "articles"


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that fits a query, and its chunk that fits best.

    `score` orders the hits of one query: 0 to 1.8, and not comparable between queries. `strength` is the
    BM25 score of the chunk. `lines` are the first and the last line of the chunk, from 1.
    """

    document: str
    chunk: Chunk
    heading: str
    score: float
    strength: float
    lines: tuple[int, int]


class KnowledgeBase:
    """The articles of a folder, indexed. Reading is safe from several threads; `refresh` swaps at once.

    `index` names the file that keeps what was read; without it everything is read anew at the start.
    Raises `UnreadableDocument` where a file of the folder cannot be read as an article.
    """

    def __init__(self, folder: Path = ARTICLES, index: Path | None = None, language: str = "english") -> None:
        self._folder, self._index, self._language = folder, index, language
        self._entries: Mapping[str, stored.Entry] = stored.load(index) if index else {}
        self._ranking = Ranking([], language)
        self._indexed = False
        self.refresh()

    @property
    def language(self) -> str:
        """The language whose endings are cut off words."""
        return self._language

    def chunks(self, document: str) -> list[Chunk]:
        """The chunks of a document in their order; empty for one that there is not."""
        entry = self._entries.get(document)
        return entry.chunks if entry else []

    def weights(self, question: str) -> dict[str, float]:
        """The words of a question, spelled as in the articles, and how much each of them says."""
        return self._ranking.weights(question)

    def __len__(self) -> int:
        return len(self._entries)

    def refresh(self) -> int:
        """Read what changed since the last time; how many documents were read or are gone."""
        entries: dict[str, stored.Entry] = {}
        changed = 0
        for name, path in paths(self._folder).items():
            about = path.stat()
            known = self._entries.get(name)
            if known and (known.size, known.changed) == (about.st_size, about.st_mtime_ns):
                entries[name] = known
            else:
                entries[name] = stored.Entry(about.st_size, about.st_mtime_ns, read(path))
                changed += 1
        changed += len(self._entries.keys() - entries.keys())
        if changed or not self._indexed:
            documents = [(name, entry.chunks) for name, entry in entries.items()]
            self._ranking = Ranking(documents, self._language)
            self._entries, self._indexed = entries, True
        if changed and self._index:
            stored.save(self._index, entries)
        return changed

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The `k` documents that fit best, best first; fewer where fewer share a word with the query."""
        ranking = self._ranking
        documents, chunks = ranking.scores(query)
        hits: list[Hit] = []
        for place in np.argsort(-documents, kind="stable")[:k]:
            if documents[place] <= 0:
                break
            first, end = ranking.starts[place], ranking.starts[place + 1]
            best = first + int(chunks[first:end].argmax())
            chunk = ranking.chunks[best]
            score, strength = float(documents[place]), float(chunks[best])
            lines = (chunk.first, chunk.last)
            hits.append(Hit(ranking.names[place], chunk, chunk.heading, score, strength, lines))
        return hits
