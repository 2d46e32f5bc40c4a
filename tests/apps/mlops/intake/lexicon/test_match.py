import pytest

from pilothouse.apps.mlops.intake.lexicon.load import Entry, Lexicon
from pilothouse.apps.mlops.intake.lexicon.match import scan
from pilothouse.apps.mlops.intake.text import fold
from pilothouse.apps.mlops.intake.tokens import tokenize


def lexicon() -> Lexicon:
    made = Lexicon()
    for field, phrase in [
        ("a", "red fox"),
        ("a", "fox"),
        ("b", "fox"),
        ("a", "jump*"),
        ("a", "*hound"),
        ("a", "from ~ to ~ end"),
        ("a", "code 2"),
        ("ignored", "fox hole"),
    ]:
        made.add(Entry(tuple(phrase.split()), field, phrase, 0.9))
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a red fox", [("a", "red fox"), ("b", "fox")]),
        ("RED-FOX", [("a", "red fox"), ("b", "fox")]),
        ("red, fox", [("a", "fox"), ("b", "fox")]),
        ("jumping", [("a", "jump*")]),
        ("a greyhound", [("a", "*hound")]),
        ("from here to the very end", [("a", "from ~ to ~ end")]),
        ("from a b c d to end", []),
        ("from here. to end", []),
        ("code 2", [("a", "code 2")]),
        ("the fox hole", []),
        ("fox hole fox", [("a", "fox"), ("b", "fox")]),
        ("from", []),
    ],
)
def test_the_longest_phrase_of_each_field_is_found(text: str, found: list[tuple[str, str]]) -> None:
    hits = scan(tokenize(fold(text)), lexicon())
    assert [(hit.field, hit.value) for hit in hits if hit.field != "ignored"] == found
