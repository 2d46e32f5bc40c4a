from pathlib import Path

import pytest

from pilothouse.apps.support.classifying import language, shop_topics, tone
from pilothouse.apps.support.classifying.tone import Urgency
from pilothouse.apps.support.classifying.topics import build, examples

MESSAGES = {
    "hello, I ordered on Tuesday, has the parcel been shipped": "order_status",
    "please cancel the order I made this morning": "cancel",
    "the delivery address is wrong, I moved to another street": "change_address",
    "I would like to return these trousers, they do not fit": "return",
    "the refund for my returned boots has not arrived": "refund",
    "can I exchange the sweater for a smaller size": "exchange",
    "my card was declined when I tried to pay": "payment",
    "how much does delivery to Norway cost": "delivery",
    "is this backpack waterproof": "product_question",
    "I forgot the password of my account": "account",
    "your service is unacceptable, I want to complain": "complaint",
    "Ich möchte meine Bestellung stornieren": "cancel",
    "Où est mon colis, je ne l'ai pas reçu": "order_status",
    "Quiero devolver los zapatos": "return",
}


def test_messages_to_a_shop_get_their_topic() -> None:
    found = {message: shop_topics().classify(message).topic for message in MESSAGES}
    assert sum(found[message] == topic for message, topic in MESSAGES.items()) >= len(MESSAGES) - 1


@pytest.mark.parametrize("message", ["how do neural networks learn", "best pizza recipe", "asdf qwer"])
def test_what_a_shop_does_not_deal_with_is_out_of_scope(message: str) -> None:
    assert not shop_topics().classify(message).in_scope


def test_the_classifier_that_ships_is_made_of_the_examples_that_ship(tmp_path: Path) -> None:
    build(tmp_path / "topics.npz")
    again = shop_topics().load(tmp_path / "topics.npz")
    messages = [one.message for one in examples()]
    assert abs(again.shares(messages) - shop_topics().shares(messages)).max() < 0.02


SENTENCES = {
    "en": "Where is my package?",
    "de": "Wo ist mein Paket?",
    "fr": "Mon colis est arrivé cassé ce matin",
    "es": "¿Dónde está mi paquete?",
    "it": "Non riesco a entrare nel mio conto",
    "pt": "Gostaria de cancelar a compra",
    "nl": "Waar is mijn bestelling gebleven?",
    "pl": "Gdzie jest moja paczka?",
    "sv": "Jag vill byta storlek på jackan",
    "da": "Hvor er min pakke henne?",
    "tr": "Siparişim nerede?",
    "cs": "Kde je můj balík?",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_short_messages_show_their_language(code: str) -> None:
    assert language(SENTENCES[code]) == code


@pytest.mark.parametrize("message", ["", "12345", "!!!", "ok"])
def test_what_shows_no_language_has_none(message: str) -> None:
    assert language(message) is None


@pytest.mark.parametrize(
    "message",
    [
        "I need this urgently, my card was stolen",
        "Das ist dringend!",
        "C'est urgent, tout de suite",
        "Es urgente",
    ],
)
def test_pressing_messages_are_urgent(message: str) -> None:

    assert tone(message).urgency is Urgency.HIGH


def test_a_message_without_hurry_is_not() -> None:
    assert tone("No rush, just curious about the colour").urgency is Urgency.LOW
    assert tone("Where is the invoice?").urgency is Urgency.NORMAL


def test_feelings_have_a_sign_and_reasons() -> None:
    angry = tone("THIS IS UNACCEPTABLE!! Worst shop ever")
    pleased = tone("Thank you, the lamp is perfect")
    assert angry.sentiment < -0.5 < 0.5 < pleased.sentiment
    assert "unacceptable" in angry.signs
    assert tone("I ordered a lamp on Monday").sentiment == 0


def test_a_negation_turns_praise() -> None:
    assert tone("I am not happy with this").sentiment < 0 < tone("I am happy with this").sentiment
