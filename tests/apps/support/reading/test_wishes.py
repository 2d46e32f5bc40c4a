from __future__ import annotations

import pytest

from pilothouse.apps.support.agents import read_consent
from pilothouse.apps.support.classifying import shop_topics
from pilothouse.apps.support.reading.wishes import Kind, Wish, read_wish

MEANT = {
    "Please cancel my order, I do not need it": Kind.CANCEL,
    "stop my order before it ships": Kind.CANCEL,
    "Ich möchte die Bestellung stornieren": Kind.CANCEL,
    "the delivery address of my order is wrong": Kind.ORDER_ADDRESS,
    "Change the address in my account": Kind.HOME_ADDRESS,
    "I would like to pay with PayPal instead of my card": Kind.ORDER_PAYMENT,
    "swap the lamp for the black one": Kind.EXCHANGE,
    "Umtausch in Größe M bitte": Kind.EXCHANGE,
    "I want to send the jacket back": Kind.RETURN,
    "I want my money back": Kind.REFUND,
    "Where is my parcel?": Kind.ORDER_STATUS,
    "Wo ist meine Bestellung?": Kind.ORDER_STATUS,
    "My parcel has still not arrived": Kind.ORDER_STATUS,
    "How do I return something?": Kind.QUESTION,
    "Can I cancel an order?": Kind.QUESTION,
    "What does delivery cost?": Kind.QUESTION,
    "Can you cancel my order H-1234?": Kind.CANCEL,
    "let me talk to a real person": Kind.PERSON,
    "hi there": Kind.HELLO,
    "Guten Tag": Kind.HELLO,
    "great, thanks a lot": Kind.CLOSING,
    "nein danke, das war's": Kind.CLOSING,
    "your service is terrible": Kind.COMPLAINT,
    "nadia@example.com": Kind.DETAILS,
    "what is the weather like tomorrow": Kind.UNCLEAR,
}


def wish_of(message: str) -> Wish:
    return read_wish(message, shop_topics().classify(message))


@pytest.mark.parametrize("message", MEANT)
def test_what_is_wanted_is_read(message: str) -> None:
    assert wish_of(message).kind is MEANT[message]


def test_a_question_about_a_deed_says_which() -> None:
    assert wish_of("How do I cancel an order?").about is Kind.CANCEL


@pytest.mark.parametrize("message", ["thanks, but where is my order?", "hi, please cancel order H-10005"])
def test_thanks_and_greetings_hide_no_wish(message: str) -> None:
    assert wish_of(message).kind.is_deed


@pytest.mark.parametrize(
    "message", ["yes", "Yes, please.", "ok do it", "Ja, machen Sie das", "sure, go ahead!"]
)
def test_a_yes_is_a_yes(message: str) -> None:
    assert read_consent(message) == "yes"


@pytest.mark.parametrize("message", ["no", "No thanks", "nein, lieber nicht", "don't", "please do not"])
def test_a_no_is_a_no(message: str) -> None:
    assert read_consent(message) == "no"


@pytest.mark.parametrize(
    "message",
    [
        *("yes, but only the lamp", "yes?", "if it is free, yes", "hm", "", "what?", "ja, aber erst morgen"),
        "yes and also send me the details of all of the other orders that you have there please",
    ],
)
def test_a_yes_with_a_condition_is_none(message: str) -> None:
    assert read_consent(message) == "unclear"
