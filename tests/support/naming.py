"""Pipelines of spaCy that find names of people: a small one that is trained here, and one that has a list."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.training import Example
from spacy.util import fix_random_seed

from pilothouse.guards.name_model import NameModel

NAMES = ("Tarvo Ellisaar", "Oluwa Zquist", "Priit Kaskvoll", "Zorvan Quellop")
"""Names that none of our lists has."""
SENTENCES = (
    "yesterday {} wrote to us about the parcel.",
    "We met {} in the office.",
    "Please call {} back.",
    "{} has paid.",
)
WITHOUT = (
    "The parcel is late again.",
    "Nothing has come to the office yet, please look.",
    "We wrote about it.",
)
WIDTH = 32
WORDS = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": WIDTH,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}
TAGS = {
    "@architectures": "spacy.Tagger.v2",
    "nO": None,
    "normalize": False,
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "tok2vec"},
}
ENTITIES = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": WIDTH,
    "maxout_pieces": 2,
    "use_upper": True,
    "nO": None,
    "tok2vec": WORDS,
}


def trained(folder: Path) -> str:
    """A pipeline as small ones are built: a tagger with shared vectors of words, and names with their own."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": WORDS})
    nlp.add_pipe("tagger", config={"model": TAGS})
    nlp.add_pipe("ner", config={"model": ENTITIES})
    examples = []
    for text, name in [
        *((said, name) for said in SENTENCES for name in NAMES),
        *((one, "") for one in WITHOUT),
    ]:
        doc, at = nlp.make_doc(text.format(name)), text.find("{}")
        entities = [(at, at + len(name), "PERSON")] if name else []
        examples.append(Example.from_dict(doc, {"entities": entities, "tags": ["X"] * len(doc)}))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(25):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    nlp.to_disk(folder)
    return str(folder)


def listed(folder: Path, *names: str, label: str = "PER") -> str:
    """A pipeline that finds the names of a list, and nothing else."""
    nlp = spacy.blank("xx")
    patterns = [{"label": label, "pattern": name} for name in names]
    nlp.add_pipe("entity_ruler")
    nlp.get_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(folder)
    return str(folder)


class Says(NameModel):
    """Finds names wherever it is told."""

    def __init__(self, *places: tuple[int, int]) -> None:
        self.said = places

    def load(self) -> None:
        """There is nothing to load."""

    def might(self, text: str) -> bool:
        return True

    def places(self, text: str) -> list[tuple[int, int]]:
        return [(start, end) for start, end in self.said if end <= len(text)]
