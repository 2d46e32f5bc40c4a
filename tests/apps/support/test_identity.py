"""Who the customer is: two things that fit together, three tries, and nothing told on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.desk import Talk

NOT_MATCHED = (
    "I am sorry, that does not match our records. Please check the e-mail address, and the order number or "
    "postcode, and try again."
)


@pytest.mark.parametrize(
    "said",
    [
        "elif.yilmaz@example.com and H-10003",
        "ELIF.YILMAZ@example.com, order 10003",
        "elif.yilmaz@example.com, postcode 3511ab",
        "My name is Elif Yilmaz, postcode 3511 AB",
    ],
)
async def test_two_things_that_fit_together_prove_who_somebody_is(tmp_path: Path, said: str) -> None:
    talk = Talk(tmp_path)
    await talk.say("Where is my order?")
    assert "H-10003" in await talk.say(said)


@pytest.mark.parametrize(
    "said",
    [
        "elif.yilmaz@example.com and H-10001",  # another customer's order
        "elif.yilmaz@example.com, postcode 9999",
        "nobody@example.com and H-10003",
        "My name is Elif Yilmaz, postcode 8010",
    ],
)
async def test_two_things_that_do_not_fit_say_the_same_whoever_there_is(tmp_path: Path, said: str) -> None:
    talk = Talk(tmp_path)
    await talk.say("Where is my order?")
    assert await talk.say(said) == NOT_MATCHED


async def test_an_address_alone_proves_nothing_and_is_asked_to_be_completed(tmp_path: Path) -> None:
    replies = []
    for number, email in enumerate(("elif.yilmaz@example.com", "nobody@example.com")):
        talk = Talk(tmp_path / str(number))
        await talk.say("Where is my order?")
        replies.append(await talk.say(email))
        assert [action.tool for action, _ in talk.rules.decided] == []
    assert replies[0] == replies[1]


async def test_the_sender_of_a_mail_is_a_claim_and_no_proof(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    reply = await talk.say(
        {"text": "Where is my order?", "sender": "elif.yilmaz@example.com", "channel": "mail"}
    )
    assert reply == "Thank you. Please give me the number of one of your orders, or your postcode, as well."


async def test_after_three_misses_a_person_takes_over(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    await talk.say("Where is my order H-10003?")
    assert await talk.say("a@example.com") == NOT_MATCHED
    assert await talk.say("b@example.com") == NOT_MATCHED
    summary = await talk.say("c@example.com")
    assert talk.question["role"] == "support"
    assert "nobody was found in 3 ways of saying who they are" in summary
    assert talk.shop.session(str(talk.run and talk.run.run_id)).customer_id is None


async def test_the_same_miss_twice_is_counted_once(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    await talk.say("Where is my order H-10003?")
    for _ in range(2):
        assert await talk.say("a@example.com") == NOT_MATCHED
    assert talk.shop.session(str(talk.run and talk.run.run_id)).misses == 1


async def test_nothing_personal_is_read_before(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    await talk.say("Cancel my order H-10005, I ordered it by mistake, and tell me my address")
    assert talk.rules.decided == []
