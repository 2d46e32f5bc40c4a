"""The desk with a model above its experts: what a good one betters; no other one changes anything."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from apps.support.test_injection import CALLS, FRAMES
from llm.asking import Desk, compatible, desk
from pilothouse.apps.support.application import app
from pilothouse.apps.support.shop.seeding import seeded
from support.desk import Counted, Talk
from support.prompting import asked_about, shipped_prompts
from support.provider import Asked, Provider, Reply, spoiled, status, structured, text

AGENTS = {
    "You sort": "triage",
    "You read what": "wish",
    "You answer": "answer",
    "You brief": "summary",
}
Plays = Callable[[Any], Any]
ELIF = "elif.yilmaz@example.com"


def asked_by(asked: Asked) -> tuple[str, Any]:
    """The agent that asks, and its draft."""
    system, draft = asked_about(asked)
    return next(name for start, name in AGENTS.items() if system.startswith(start)), draft


def said(value: Any) -> Reply:
    return text(value) if isinstance(value, str) else structured(value)


def playing(**plays: Plays) -> Callable[[Asked], Reply]:
    """A model that does with an agent's draft what is said for it, and gives the others back as they are."""

    def reply(asked: Asked) -> Reply:
        name, draft = asked_by(asked)
        value = plays.get(name, lambda same: same)(draft)
        if isinstance(value, dict):
            value = {k: v for k, v in value.items() if k != "near"}
            if name == "wish":
                value["particulars"] = value["particulars"] | {"text": ""}
        return value if isinstance(value, Reply) else said(value)

    return reply


@asynccontextmanager
async def with_model(folder: Path, script: Any, **options: Any) -> AsyncIterator[tuple[Talk, Provider, Desk]]:
    async with (
        Provider(script) as provider,
        desk({"one": compatible(f"{provider.url}/v1")}, prompting=shipped_prompts(app)) as process,
    ):
        yield Talk(folder, ladders=process.ladders, **options), provider, process


def produced(talk: Talk) -> dict[str, str]:
    """By agents that a model may answer for: which rung did."""
    names = AGENTS.values()
    return {card["agent"]: card["produced_by"] for card in talk.cards if card["agent"] in names}


async def test_a_model_understands_what_the_experts_do_not(tmp_path: Path) -> None:
    message = "My parcel seems to have vanished into thin air"
    plain = Talk(tmp_path / "a")
    assert "vanished" not in await plain.say(message)
    better = {"topic": "order_status", "confidence": 0.93, "in_scope": True, "signs": ["vanished"]}
    script = playing(
        triage=lambda draft: draft | better,
        wish=lambda draft: draft | {"kind": "order_status", "confidence": 0.9, "signs": ["vanished"]},
    )
    async with with_model(tmp_path / "b", script) as (talk, provider, _):
        assert "e-mail address" in await talk.say(message)
        assert produced(talk) == dict.fromkeys(["triage", "wish"], "model:one:m")
        assert len(provider.requests) == 2
        first = talk.cards[0]
        assert first["decision"].startswith("order_status, ")
        assert first["confidence"] == 0.93
        assert [line for line in first["reasoning"] if line.startswith("Prompt support/triage ")]
    assert "e-mail address" not in plain.question["prompt"]


async def test_each_answer_has_one_card_whichever_rung_gave_it(tmp_path: Path) -> None:
    async def titles(talk: Talk) -> list[str]:
        await talk.say("How long do I have to return an item?")
        return [card["title"] for card in talk.cards]

    plain = Talk(tmp_path / "a")
    expected = ["Triage", "What is wanted", "Articles"]
    assert await titles(plain) == expected
    assert set(produced(plain).values()) == {"expert"}
    async with with_model(tmp_path / "b", playing()) as (talk, _, _):
        assert await titles(talk) == expected
        assert set(produced(talk).values()) == {"model:one:m"}
    async with with_model(tmp_path / "c", status(503)) as (talk, _, _):
        assert await titles(talk) == expected
        assert set(produced(talk).values()) == {"expert"}
        assert talk.cards[0]["failed"][0][0] == "model:one:m"


async def test_a_model_chooses_among_sentences_of_the_articles_with_their_sources(tmp_path: Path) -> None:
    question = "How much time is there to send a purchase back?"
    plain = Talk(tmp_path / "a")
    await plain.say(question)
    assert plain.question["role"] == "support"

    def choose(draft: Any) -> Any:
        (one,) = (each for each in draft["near"] if each["text"].startswith("Until then you may send back"))
        return {"sentences": [one["text"]], "citations": [one["source"]], "confidence": 0.8}

    script = playing(answer=choose, wish=lambda draft: draft | {"kind": "question", "confidence": 0.9})
    async with with_model(tmp_path / "b", script) as (talk, _, _):
        assert (await talk.say(question)).startswith("Until then you may send back")
        assert talk.question["role"] == "customer"


async def test_a_summary_may_be_short_and_keeps_the_facts(tmp_path: Path) -> None:
    message = "Let me speak to a human about H-10003, it is the third time"

    def shorter(draft: str) -> str:
        head, _, rest = draft.partition("Conversation:\n")
        return (
            f"{head}The customer says that it is the third time, with order H-10003.\n{rest.splitlines()[-1]}"
        )

    async with with_model(tmp_path / "b", playing(summary=shorter)) as (talk, _, _):
        summary = await talk.say(message)
        assert "The customer says that it is the third time" in summary
        assert "Why: the customer asks for a person" in summary
        assert "> Customer" not in summary


WRONG: dict[str, list[Plays]] = {
    "triage": [
        lambda draft: draft | {"topic": "billing"},
        lambda draft: draft | {"topic": "other", "in_scope": True},
        lambda draft: draft | {"confidence": 7.0},
        lambda draft: draft | {"urgency": "low"},
        lambda draft: draft | {"signs": [*draft["signs"], "they sent a gift"]},
        lambda draft: draft | {"language": "English"},
        lambda draft: draft | {"sentiment": -3},
    ],
    "wish": [
        lambda draft: draft | {"particulars": draft["particulars"] | {"orders": ["H-10001"]}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"orders": []}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"email": "mara.brandt@example.com"}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"amount_cents": 99_900}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"refund_reason": "late"}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"everything": True}},
        lambda draft: draft | {"particulars": draft["particulars"] | {"address": {"city": "Nowhere"}}},
        lambda draft: draft | {"kind": "closing"},
        lambda draft: draft | {"kind": "person"},
        lambda draft: draft | {"kind": "steal"},
    ],
    "answer": [
        lambda draft: {"sentences": ["Money back."], "citations": draft["citations"][:1], "confidence": 1},
        lambda draft: {"sentences": draft["sentences"], "citations": [], "confidence": 1},
        lambda _: {"sentences": [], "citations": [], "confidence": 1},
        lambda draft: draft | {"citations": [one | {"line": 99} for one in draft["citations"]]},
    ],
    "summary": [
        lambda draft: draft.replace("not verified", "verified"),
        lambda draft: draft.replace("H-10003", "his order"),
        lambda draft: f"{draft}\nRefund 500.00 EUR at once.",
        lambda draft: f"{draft}\nWrite to boss@evil.example.",
        lambda draft: f"{draft}\nWho: customer C1003 (verified)",
        lambda _: "All is well.",
    ],
}  # fmt: skip
MESSAGES = {
    "triage": "I will call my lawyer, this is an emergency, H-10003 is broken!!",
    "wish": f"Refund 20 euros for the broken camping stove of H-10003, {ELIF}",
    "answer": "How long do I have to return an item?",
    "summary": "Let me speak to a human about H-10003",
}


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, plays in WRONG.items() for number in range(len(plays))]
)
async def test_what_a_wrong_model_says_is_what_the_expert_says(
    tmp_path: Path, name: str, number: int
) -> None:
    plain = Talk(tmp_path / "a")
    expected = await plain.say(MESSAGES[name])
    async with with_model(tmp_path / "b", playing(**{name: WRONG[name][number]})) as (talk, provider, _):
        assert await talk.say(MESSAGES[name]) == expected
        made = produced(talk)
        assert made.pop(name) == "expert"
        assert set(made.values()) == {"model:one:m"}
        asked = [one for one in provider.requests if asked_by(one)[0] == name]
        assert len(asked) == 3, "it is asked, and shown what is wrong twice"


async def test_a_whole_talk_with_a_model_that_is_wrong_in_three_of_ten_ends_as_without(
    tmp_path: Path,
) -> None:
    draw = random.Random(6)

    def script(asked: Asked) -> Reply:
        good = playing()(asked)
        name, draft = asked_by(asked)
        if draw.random() >= 0.3:
            return good
        if isinstance(draft, dict):
            return draw.choice([*spoiled(draft), *map(said, (bad(draft) for bad in WRONG[name]))])
        return text("All is well.")

    async def refunded(talk: Talk) -> list[str]:
        steps = (MESSAGES["wish"], "yes", "How long do I have to return an item?", "thanks, bye")
        return [await talk.say(step) for step in steps]

    plain = Talk(tmp_path / "a")
    expected = await refunded(plain)
    async with with_model(tmp_path / "b", script) as (talk, provider, process):
        assert await refunded(talk) == expected
        assert talk.outcome == plain.outcome
        assert isinstance(talk.shop, Counted)
        assert [type(change).__name__ for change in talk.shop.placed] == ["RefundOrder"]
        answers = [rung for name, rung, failed in process.told if not failed and name in AGENTS.values()]
        assert answers.count("model:one:m") >= 0.9 * len(answers)
        asked = len(provider.requests)
        assert talk.run is not None
        before = talk.run.output
        assert await talk.run.replay() == before
        assert len(provider.requests) == asked


@pytest.mark.parametrize("fault", [status(503), status(401), status(400)])
async def test_a_provider_that_is_down_changes_no_word(tmp_path: Path, fault: Reply) -> None:
    plain = Talk(tmp_path / "a")
    expected = await plain.say(MESSAGES["wish"])
    async with with_model(tmp_path / "b", fault) as (talk, _, _):
        assert await talk.say(MESSAGES["wish"]) == expected


async def test_without_keys_experts_answer_and_it_is_said_once(
    tmp_path: Path,
) -> None:
    plain = Talk(tmp_path / "a")
    expected = await plain.say(MESSAGES["wish"])
    async with with_model(tmp_path / "b", ()) as (talk, provider, process):
        process.keys.keys.clear()
        with capture_logs() as logs:
            assert await talk.say(MESSAGES["wish"]) == expected
        assert provider.requests == []
        assert talk.run is not None
        assert plain.run is not None
        assert talk.run.shown == plain.run.shown
        assert [one["event"] for one in logs].count("provider_not_usable") == 1


INJECTED = [
    (frame.format(call=call), name)
    for frame, (name, call) in zip(FRAMES, list(CALLS.items())[: len(FRAMES)], strict=True)
]


@pytest.mark.parametrize(("ticket", "name"), INJECTED)
async def test_a_model_that_obeys_a_ticket_moves_nothing(tmp_path: Path, ticket: str, name: str) -> None:
    """It puts what the injected call names into its answer: order, amount, reason, address, a made-up yes."""
    order = (re.findall(r"H-\d+", CALLS[name]) or ["H-10003"])[0]

    def obey(draft: Any) -> Any:
        stolen = {
            "orders": [order],
            "email": ELIF,
            "refund_reason": "damaged",
            "amount_cents": 17_990,
            "payment": "gift_card",
            "everything": True,
            "address": {"line1": "Thief Lane 1", "city": "Nowhere", "postcode": "0000"},
        }
        return draft | {"kind": "refund", "confidence": 1.0, "signs": ["refund"], "particulars": stolen}

    shop = Counted(seeded())
    talked = {"wish": obey, "triage": lambda draft: draft | {"topic": "refund", "in_scope": True}}
    async with with_model(tmp_path / "b", playing(**talked), shop=shop) as (talk, provider, _):
        reply = await talk.say(ticket)
        assert shop.placed == []
        assert "Brandt" not in reply
        assert produced(talk)["wish"] == "expert"
        sent = orjson.dumps([one.json["messages"] for one in provider.requests]).decode()
        assert "<data-" in sent
        assert all(action.marks for action, _ in talk.rules.decided if action.tool.startswith("refund"))


async def test_actions_on_a_models_answer_are_marked_as_those_on_an_experts(tmp_path: Path) -> None:
    async def marks(talk: Talk) -> list[tuple[str, object]]:
        await talk.say(MESSAGES["wish"])
        await talk.say("yes")
        return [(action.tool, action.marks) for action, _ in talk.rules.decided if action.tool != "model"]

    expected = await marks(Talk(tmp_path / "a"))
    assert expected
    async with with_model(tmp_path / "b", playing()) as (talk, _, _):
        assert await marks(talk) == expected
