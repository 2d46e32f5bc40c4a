"""Names that a pipeline of spaCy finds beside the rules: where, how they join, and what goes wrong."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.app import assembled
from pilothouse.errors import Category
from pilothouse.guards.detector import Detector
from pilothouse.guards.findings import Act
from pilothouse.guards.masking import mask, unmask
from pilothouse.guards.name_model import NameModel, NameModelUnusable, _pieces
from pilothouse.guards.rules import RULES
from pilothouse.guards.scanning import Scanner
from pilothouse.guards.table import Limits, Table
from pilothouse.runtime.guarding import Inlet
from pilothouse.settings import Settings
from support.charging import charging
from support.governing import Governed, governed
from support.naming import NAMES, Says, listed, trained
from support.pooler import url
from support.waiting import rows

KEY = bytes(range(16))
PLAIN = Detector()
LETTER = "yesterday Tarvo Ellisaar wrote to us about the parcel."
NOT_LISTED = ("Tarvo Ellisaar", "Zo\u0308e Qu\u00f6llop", "\u0420\u0443\u0434\u043e \u041a\u0432\u0435\u043b")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("pipelines") / "trained")


@pytest.fixture(scope="module")
def model(pipeline: str) -> NameModel:
    return NameModel(pipeline)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector(names=NameModel(listed(tmp_path_factory.mktemp("pipelines") / "listed", *NOT_LISTED)))


def found(detector: Detector, text: str) -> list[tuple[str, str]]:
    return [(one.type, text[one.start : one.end]) for one in detector.scan(text)]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_list_has_is_found_with_the_model_only(name: str, model: NameModel) -> None:
    text = f"Please call {name} back."
    assert PLAIN.scan(text) == []
    assert not PLAIN.might(text)
    with_model = Detector(names=model)
    assert with_model.might(text)
    (one,) = with_model.scan(text)
    assert (one.type, text[one.start : one.end]) == ("person_name", name)
    assert (one.confidence, one.severity, one.action) == (0.8, PLAIN.scan("Mr. Quell")[0].severity, Act.MASK)
    assert with_model.scan("The parcel is late again.") == []


def test_only_what_entities_need_is_kept(model: NameModel, detector: Detector) -> None:
    model.load()
    assert model._loaded is not None
    assert model._loaded.pipe_names == ["ner"], "the vectors are the tagger's, and go with it"
    assert found(detector, LETTER)
    assert detector._names is not None
    assert detector._names._loaded is not None
    assert detector._names._loaded.pipe_names == ["entity_ruler"], "rules may read what any part says"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\U0001f6a2\U0001f6a2 says Tarvo Ellisaar", "Tarvo Ellisaar"),
        ("\U0001f469\u200d\U0001f680 and e\u0301te\u0301: Tarvo Ellisaar!", "Tarvo Ellisaar"),
        ("wrote Zo\u0308e Qu\u00f6llop.", "Zo\u0308e Qu\u00f6llop"),
        ("wrote Tar\u200bvo Elli\u00adsaar.", "Tar\u200bvo Elli\u00adsaar"),
        (f"\u0432\u0447\u0435\u0440\u0430 {NOT_LISTED[2]} \u0431\u044b\u043b", NOT_LISTED[2]),
        ("half \ud83d of a sign, Tarvo Ellisaar", "Tarvo Ellisaar"),
        ("<b>Tarvo Ellisaar</b> came", "Tarvo Ellisaar"),
    ],
)  # fmt: skip
def test_places_are_those_of_the_original_text(text: str, name: str, detector: Detector) -> None:
    assert found(detector, text) == [("person_name", name)]


def test_a_word_alone_is_no_name(tmp_path: Path) -> None:
    detector = Detector(names=NameModel(listed(tmp_path / "words", "order_id", "Ellisaar")))
    assert not detector.might("order_id")
    assert detector.scan("order_id") == []
    assert found(detector, "name: Ellisaar") == [("person_name", "Ellisaar")]


def test_a_name_in_or_beside_an_address_leaves_it_whole() -> None:
    text = "Write to Tarvo Ellisaar <tarvo.ellisaar@fjord.example> now"
    mail, address = ("email", "tarvo.ellisaar@fjord.example"), text.index("tarvo.")
    assert found(Detector(names=Says((address, address + 14))), text) == [mail]
    across = Detector(names=Says((9, address + 14)))
    assert found(across, text) == [("person_name", "Tarvo Ellisaar"), mail]


def test_a_part_that_rules_found_becomes_the_whole_and_is_as_sure() -> None:
    text = "Ingrid Halvorsen of the quays wrote"
    (part,) = PLAIN.scan(text)
    assert (part.start, part.end, part.confidence) == (0, 16, 0.85)
    (whole,) = Detector(names=Says((0, 29))).scan(text)
    assert (whole.start, whole.end, whole.confidence) == (0, 29, 0.85)
    assert Detector(names=Says((0, 6))).scan(text) == [part], "theirs is more"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Tarvo Ellisaar\nPriit Kaskvoll", ["Tarvo Ellisaar", "Priit Kaskvoll"]),
        ("(Tarvo Ellisaar's)", ["Tarvo Ellisaar"]),
        ("Tarvo Ellisaar\u2019s", ["Tarvo Ellisaar"]),
        ("Tarvo Ellisaar 57", ["Tarvo Ellisaar"]),
        ("<b>Tarvo Ellisaar", ["b", "Tarvo Ellisaar"]),
        ("\U0001f6a2 -- 57 !", []),
    ],
)
def test_a_name_ends_where_no_name_goes_on(text: str, names: list[str]) -> None:
    detector = Detector(names=Says((0, len(text))))
    assert found(detector, text) == [("person_name", name) for name in names]


def test_what_is_masked_comes_back(detector: Detector) -> None:
    text = f"{LETTER} Mail nora@fjord.example, says Tarvo Ellisaar."
    masked = mask(text, detector.scan(text), KEY)
    assert "Ellisaar" not in masked.text
    assert masked.text.count("<PERSON_NAME:") == 2
    assert sorted(masked.originals.values()) == ["Tarvo Ellisaar", "nora@fjord.example"]
    assert unmask(masked.text, masked.originals, ["person_name", "email"]) == text


def test_a_scanner_finds_them_in_values_and_names_of_fields(detector: Detector) -> None:
    scanner = Scanner(Limits(), detector._names)
    acts, value = (
        Table().of("acme", Inlet.MODEL_PROMPT),
        {"note": "From Tarvo Ellisaar", "of Tarvo Ellisaar": 1},
    )
    seen = scanner.seen(value, orjson.dumps(value), acts)
    assert seen is not None
    assert [(one.type, one.action) for one in seen.findings] == [("person_name", Act.MASK)] * 2
    masked = str(scanner.masked(value, acts, frozenset(), KEY).value)
    assert "Ellisaar" not in masked


def test_a_long_text_is_read_in_pieces_and_no_name_is_cut(detector: Detector) -> None:
    name = "Tarvo Ellisaar"
    text = "\n".join(f"{at}: {'and so on, ' * (at % 7)}{name} wrote" for at in range(2_000))
    assert found(detector, text) == [("person_name", name)] * 2_000
    pieces = list(_pieces(text, 10_000))
    assert len(pieces) > 9
    assert all(text.startswith(piece, at) and len(piece) <= 10_000 for at, piece in pieces)
    assert "".join(piece for _, piece in pieces) == text
    assert [len(piece) for _, piece in _pieces("x" * 25_000, 10_000)] == [10_000, 10_000, 5_000]


@given(st.text(st.sampled_from("a. \n"), max_size=300), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_pieces_are_the_text(text: str, most: int) -> None:
    pieces = list(_pieces(text, most))
    assert "".join(piece for _, piece in pieces) == text
    assert all(len(piece) <= most for _, piece in pieces)
    assert all(text.startswith(piece, at) for at, piece in pieces)


def test_what_was_read_is_not_kept(tmp_path: Path) -> None:
    model = NameModel(listed(tmp_path / "listed", "Tarvo Ellisaar"))
    text = "Tarvo Ellisaar has the number Zqwpvlk9931"
    first = model.places(text)
    assert model.places(text) == first == [(0, 14)]
    assert model._loaded is not None
    assert "Zqwpvlk9931" not in model._loaded.vocab.strings
    assert "Zqwpvlk9931" not in repr(model._known)


def test_threads_may_share_a_model(pipeline: str) -> None:
    texts = [f"{at} times we met {name} in the office." for at in range(10) for name in NAMES]
    alone = [Detector(names=NameModel(pipeline)).scan(text) for text in texts[:8]]
    shared = Detector(names=NameModel(pipeline))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(shared.scan, texts))
    assert together[:8] == alone
    assert all(together)


PIECES = [rule.example for rule in RULES if rule.example]
TOLD = Says()
TELLING = Detector(names=TOLD)


@st.composite
def said(draw: st.DrawFn) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text, and places in it that a model might give."""
    text = draw(
        st.lists(st.sampled_from(PIECES) | st.text(max_size=20), min_size=1, max_size=4).map(" | ".join)
    )
    borders = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    return text, tuple(itertools.pairwise(borders))[::2]


@given(said())
@settings(max_examples=150, deadline=None)
def test_whatever_a_model_gives_findings_do_not_overlap_and_none_of_the_rules_gets_lost(
    drawn: tuple[str, tuple[tuple[int, int], ...]],
) -> None:
    text, TOLD.said = drawn
    found = TELLING.scan(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(first.end <= second.start for first, second in itertools.pairwise(found))
    covered = {at for one in found for at in range(one.start, one.end)}
    for one in PLAIN.scan(text):
        letters = {at for at in range(one.start, one.end) if text[at].isalnum()}
        assert letters <= covered, one


@pytest.mark.parametrize("name", ["en_no_such_pipeline", "no/such/folder"])
def test_a_pipeline_that_is_not_there_is_said_at_once(name: str) -> None:
    with pytest.raises(NameModelUnusable, match="no folder and no installed pipeline") as caught:
        NameModel(name)
    assert caught.value.category is Category.USER
    assert "spacy download" in str(caught.value.hint)


def test_without_spacy_it_is_said_what_to_install(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(NameModelUnusable, match="spaCy is not installed") as caught:
        NameModel(pipeline)
    assert 'pip install "pilothouse[names]"' in str(caught.value.hint)


def test_a_folder_without_a_pipeline_and_one_without_people_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NameModelUnusable, match="cannot load"):
        NameModel(str(tmp_path / "empty")).load()
    with pytest.raises(NameModelUnusable, match=r"its labels are \['ORG'\]"):
        NameModel(listed(tmp_path / "firms", "Ellisaar", label="ORG")).load()


async def test_a_server_does_not_start_with_a_pipeline_that_is_unusable(
    conninfo: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("en_no_such_pipeline", str(tmp_path / "empty")):
        settings = Settings(
            _env_file=None, guards_names_model=name, database_url=url(conninfo), data=tmp_path
        )
        with pytest.raises(NameModelUnusable):
            async with assembled(settings, [], observed=True):
                pytest.fail("it started")


@pytest.fixture
async def process(conninfo: str, tmp_path: Path, pipeline: str) -> AsyncIterator[Governed]:
    app, _ = charging(tmp_path / "policies")
    (tmp_path / "guards.toml").write_text(
        "[input]\nperson_name = 'mask'\n[tool_arguments]\nperson_name = 'mask'\n"
    )
    made = {"guards": tmp_path / "guards.toml", "guards_names_model": pipeline}
    async with governed(conninfo, tmp_path, app, **made) as process:
        yield process


async def test_a_run_has_the_name_masked_and_audited(process: Governed) -> None:
    run = await process.reach(await process.submit("tell", text=LETTER), "completed")
    assert "Ellisaar" not in str(run)
    assert "<PERSON_NAME:" in str(run["input"])
    leaves = [
        orjson.loads(row[0])
        for row in rows(
            process.conninfo, "select leaf from audit_inbox union all select leaf from audit_entries"
        )
    ]
    first = next(one for one in leaves if one["kind"] == "guard" and one["subject"] == "input")
    (told,) = first["details"]["findings"]
    assert (told["type"], told["count"], told["confidence"], told["action"]) == (
        "person_name",
        1,
        0.8,
        "mask",
    )
    shown = await process.ask("GET", "/guards")
    assert shown["names_model"] == "trained"
    seen = await process.ask("POST", "/guards/scan", json={"text": LETTER})
    assert [one["type"] for one in seen["findings"]] == ["person_name"]


async def test_the_event_loop_does_not_wait_for_a_model(process: Governed) -> None:
    guards = process.pilothouse.guards
    assert guards is not None
    here = threading.current_thread()
    assert await guards.worked(threading.current_thread) is not here
    guards.scanner.names = None
    assert await guards.worked(threading.current_thread) is here
