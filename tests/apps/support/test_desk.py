"""Conversations with the desk: what it answers, asks, does and hands over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pilothouse.apps.support.tickets import LONGEST, Ticket
from support.desk import Counted, Talk


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def placed(talk: Talk) -> list[str]:
    assert isinstance(talk.shop, Counted)
    return [type(change).__name__ for change in talk.shop.placed]


ELIF, NADIA, PIETER = "elif.yilmaz@example.com", "nadia.haddad@example.com", "pieter.vermeer@example.com"


async def test_a_question_is_answered_with_the_source_of_each_sentence(talk: Talk) -> None:
    reply = await talk.say("How long do I have to return an item?")
    answer, sources = reply.split("\n")[:2]
    assert "within 30 days" in answer
    assert answer.count("[1]") == answer.count(". [")
    assert sources.startswith("[1] Returns, How long you have")
    assert talk.question["role"] == "customer"
    assert await talk.say("thanks, bye") == "You are welcome. Have a good day!"
    assert talk.outcome["ending"] == "solved"
    citations = talk.outcome["messages"][1]["citations"]
    assert {one["document"] for one in citations} == {"returns"}


async def test_what_the_articles_do_not_say_is_not_guessed_but_handed_over(talk: Talk) -> None:
    summary = await talk.say("Is the Bluetooth speaker waterproof?")
    assert talk.question["role"] == "support"
    assert "the articles do not answer the question" in summary
    (told,) = talk.told
    assert told.startswith("I do not know the answer to that, and I would rather not guess. I am passing")
    assert await talk.say("It withstands rain, not a bath. Sam") == "It withstands rain, not a bath. Sam"
    assert talk.question["role"] == "customer"
    assert "the customer has written again" in await talk.say("And the lamp?")
    await talk.say("No.")
    await talk.say("ok, thank you")
    assert talk.outcome["ending"] == "handed_over"
    assert [one["by"] for one in talk.outcome["messages"]].count("person") == 2


async def test_an_order_is_cancelled_once_who_why_and_yes_are_known(talk: Talk) -> None:
    assert "e-mail address" in await talk.say("I want to cancel order H-10005")
    assert "no longer needed, or was it ordered by mistake" in await talk.say(NADIA)
    assert "54.90 EUR goes back to PayPal. Shall I do that?" in await talk.say("by mistake")
    assert placed(talk) == []
    assert (await talk.say("yes please")).startswith("Done: order H-10005 is cancelled. 54.90 EUR goes back")
    assert placed(talk) == ["CancelOrder"]
    await talk.say("that's all")
    assert talk.outcome["actions"] == ["cancel_order H-10005, ordered by mistake"]
    assert talk.outcome["verified"] is True


@pytest.mark.parametrize(
    "answer", ["no, keep it", "maybe", "yes, but only if it is free", "what would that cost?", "hm"]
)
async def test_nothing_but_a_plain_yes_does_anything(talk: Talk, answer: str) -> None:
    await talk.say(f"Cancel order H-10005, ordered by mistake, {NADIA}")
    await talk.say(answer)
    assert placed(talk) == []


async def test_the_same_in_german(talk: Talk) -> None:
    assert "E-Mail-Adresse" in await talk.say("Ich möchte meine Bestellung H-10005 stornieren")
    await talk.say(NADIA)
    assert "Grund: nicht mehr gebraucht" in await talk.say("Ich brauche sie nicht mehr")
    assert (await talk.say("ja bitte")).startswith("Erledigt: Die Bestellung H-10005 ist storniert.")
    assert await talk.say("nein danke") == "Gern geschehen. Einen schönen Tag noch!"
    assert talk.outcome["language"] == "de"


async def test_an_order_that_is_on_its_way_is_not_cancelled_and_the_reply_says_why(talk: Talk) -> None:
    reply = await talk.say("Cancel order H-10001, no longer needed, mara.brandt@example.com")
    assert 'its state is "on its way"' in reply
    assert placed(talk) == []


async def test_an_address_is_read_asked_for_in_parts_and_changed(talk: Talk) -> None:
    await talk.say("Please change the delivery address of order H-10006")
    assert "street and number, postcode and town" in await talk.say(PIETER)
    assert "I still need: street and number." in await talk.say("3511 AB Utrecht, Netherlands")
    assert "to Mill Lane 12, 3511 AB Utrecht, Netherlands. Is that right?" in await talk.say("Mill Lane 12")
    assert "goes to the new address" in await talk.say("yes")
    order = talk.shop.order("H-10006")
    assert order is not None
    assert (order.address.line1, order.address.city) == ("Mill Lane 12", "Utrecht")


async def test_the_address_of_the_account_is_another_one(talk: Talk) -> None:
    await talk.say(
        f"Please update the address in my account to Quay Street 9, 4000-011 Porto. H-10005 {NADIA}"
    )
    await talk.say("correct")
    customer = talk.shop.customer("C1005")
    assert customer is not None
    assert customer.address.city == "Porto"
    assert placed(talk) == ["ChangeCustomerAddress"]


async def test_an_item_is_exchanged_for_a_variant_that_there_is(talk: Talk) -> None:
    offer = await talk.say(f"I want to swap the fountain pen in H-10006, {PIETER}")
    assert offer.startswith("What would you like instead of Fountain pen (broad)? I can offer: fine")
    assert "you get 1.00 EUR back" in await talk.say("the fine one")
    assert (await talk.say("go ahead")).startswith("Done: order H-10006 is changed. 1.00 EUR goes back")
    assert placed(talk) == ["ChangeOrderItems"]


async def test_items_are_returned_by_name_or_all_of_them(talk: Talk) -> None:
    ask = await talk.say(f"I would like to return something from H-10003, {ELIF}")
    assert "Camping stove (gas), Sleeping bag (regular, summer)" in ask
    assert "179.90 EUR goes back" in await talk.say("everything")
    assert "You get 179.90 EUR back once the parcel has arrived" in await talk.say("sure")


async def test_who_wants_money_back_without_a_reason_is_offered_a_return(talk: Talk) -> None:
    assert "I can arrange a return instead" in await talk.say(f"I want a refund for H-10003, {ELIF}")
    assert "Which items" in await talk.say("I just don't want it any more")
    await talk.say("the sleeping bag")
    await talk.say("yes")
    assert placed(talk) == ["ReturnItems"]


async def test_a_refund_waits_for_a_manager_and_then_happens_once(talk: Talk) -> None:
    await talk.say(f"The sleeping bag in order H-10003 arrived damaged, I want my money back. {ELIF}")
    await talk.say("yes")
    assert talk.question["role"] == "support_manager"
    assert "you will hear from me here" in talk.told[-1]
    assert placed(talk) == []
    assert (await talk.approve()).startswith(
        "Done: the refund for order H-10003 is granted. 129.00 EUR is back"
    )
    assert placed(talk) == ["RefundOrder"]


async def test_a_refund_that_a_manager_refuses_does_not_happen(talk: Talk) -> None:
    await talk.say(f"The sleeping bag in order H-10003 arrived damaged, I want my money back. {ELIF}")
    await talk.say("yes")
    assert "not approved it" in await talk.approve("refuse")
    assert placed(talk) == []


async def test_more_than_was_paid_is_not_refunded_but_less_is(talk: Talk) -> None:
    assert "at most 50.90 EUR" in await talk.say(
        f"Refund me 500 euros for the broken stove of H-10003. {ELIF}"
    )
    assert "I would refund 20.00 EUR" in await talk.say("then 20 euros")
    await talk.say("yes")
    assert placed(talk) == ["RefundOrder"]


async def test_where_an_order_is_is_told(talk: Talk) -> None:
    reply = await talk.say(f"Where is my order H-10005? {NADIA}")
    assert reply.startswith(
        "Order H-10005 (Hammock (natural), 54.90 EUR) has not been sent yet. It is going to"
    )


async def test_a_number_of_nobodys_order_is_asked_about_with_the_customers_own(talk: Talk) -> None:
    reply = await talk.say(f"Cancel order H-99999 please, by mistake, {NADIA}, postcode 69002")
    assert reply.startswith("I find no order H-99999 of yours. You have: ")
    assert "H-10001" not in reply
    assert "I would cancel order H-10005" in await talk.say("I mean H-10005")


async def test_what_was_explained_can_be_done_at_once(talk: Talk) -> None:
    assert "tell me the number of your order" in await talk.say("Can I cancel my order?")
    assert "Why should order H-10005 be cancelled" in await talk.say(f"H-10005 {NADIA}")


async def test_a_question_in_between_is_answered_and_the_thread_is_kept(talk: Talk) -> None:
    await talk.say(f"Cancel order H-10005, {NADIA}")
    reply = await talk.say("How long does a refund take?")
    assert "five working days" in reply
    assert reply.endswith("or was it ordered by mistake?")
    assert "I would cancel order H-10005" in await talk.say("no longer needed")


async def test_the_stock_is_told_from_the_catalogue(talk: Talk) -> None:
    assert (await talk.say("Do you have the trail shoes in size 40?")).startswith(
        "Trail shoes is available now as: 38;"
    )


async def test_who_is_not_understood_twice_gets_a_person(talk: Talk) -> None:
    assert (await talk.say("asdf qwer")).startswith("I am not sure what you need.")
    assert "what the customer wants is unclear" in await talk.say("zxcv")


@pytest.mark.parametrize(
    "text", ["I want to talk to a human", "Can I speak to a manager?", "Bitte einen Mitarbeiter sprechen"]
)
async def test_who_asks_for_a_person_gets_one(talk: Talk, text: str) -> None:
    assert "the customer asks for a person" in await talk.say(text)


async def test_asking_in_vain_ends_with_a_person(talk: Talk) -> None:
    await talk.say(f"I want to return something from H-10003, {ELIF}")
    for _ in range(2):
        assert "Which items" in await talk.say("well, that thing")
    assert "asked for item 4 times in vain" in await talk.say("you know")


async def test_silence_ends_the_conversation_and_leaves_it_written_down(talk: Talk) -> None:
    await talk.say("How long do I have to return an item?")
    assert talk.run is not None
    await talk.run.finish(lambda _: None)
    assert talk.outcome["ending"] == "silent"
    assert talk.run.payloads(type(talk.run.entries[0].kind).SAVED)[0]["name"] == "conversation.md"


async def test_the_summary_tells_who_what_tried_why_and_how_urgent(talk: Talk) -> None:
    await talk.say(f"Where is my order H-10005? {NADIA}")
    summary = await talk.say("It is urgent!! I am very angry, let me speak to a person")
    assert "A customer needs you (high urgency, upset, writes en)." in summary
    assert "Who: customer C1005 (verified); came by chat." in summary
    assert "looked up order H-10005" in summary
    assert "> Customer: It is urgent!!" in summary


async def test_of_who_is_not_verified_the_summary_shows_a_masked_address_only(talk: Talk) -> None:
    summary = await talk.say({"text": "let me talk to a human", "sender": "someone.secret@example.org"})
    assert "Who: s***@e***.org (not verified: give no personal data, change nothing)" in summary
    assert "secret" not in summary


async def test_a_run_that_is_replayed_takes_the_same_way(talk: Talk) -> None:
    await talk.say(f"Cancel order H-10005, ordered by mistake, {NADIA}")
    await talk.say("yes")
    await talk.say("bye")
    assert talk.run is not None
    before = talk.outcome
    assert await talk.run.replay() == before
    assert placed(talk) == ["CancelOrder"]


async def test_every_judgement_has_a_card_with_a_confidence(talk: Talk) -> None:
    await talk.say("How long do I have to return an item?")
    cards = {card["title"]: card for card in talk.cards}
    assert {"Triage", "What is wanted", "Articles"} <= cards.keys()
    assert cards["Triage"]["alternatives"]
    assert 0 < cards["Articles"]["confidence"] <= 1


def test_a_ticket_is_text_that_says_something_and_is_not_endless() -> None:
    assert Ticket.model_validate("Hello").message == "Hello"
    assert Ticket(text="It is broken.", subject="Lamp").message == "Lamp\nIt is broken."
    for wrong in ("", "   ", "x" * (LONGEST + 1)):
        with pytest.raises(ValidationError):
            Ticket.model_validate(wrong)
