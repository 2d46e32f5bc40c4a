import pytest

from pilothouse.apps.support.answering import answer
from pilothouse.apps.support.knowledge import KnowledgeBase

KNOWN = {
    "How long do I have to return an item?": ("returns", "30 days"),
    "Do you offer cash on delivery?": ("payment-methods", "Cash on delivery is not offered"),
    "My gift card, how long is it valid?": ("gift-cards", "three years"),
    "How much does express delivery cost?": ("delivery-costs", "12.90"),
    "Can I still cancel a pending order?": ("cancelling-an-order", "pending order can be cancelled"),
    "When will I get my refund?": ("refunds", "three working days"),
    "I forgot my passwrod": ("account-and-password", "Forgotten password"),
    "how long is the warranty for refurbished products": ("warranty", "one year"),
}
UNKNOWN = (
    "How do I bake sourdough bread?",
    "What is the capital of France?",
    "Who won the football match yesterday?",
    "Do you sell unicorns on the moon?",
    "Can I pay with bitcoin?",
    "Write me a poem about the sea",
    "Which shares should my grandmother buy?",
    "",
)


@pytest.fixture(scope="module")
def shop() -> KnowledgeBase:
    return KnowledgeBase()


@pytest.mark.parametrize("question", KNOWN)
def test_an_answer_holds_the_fact_and_names_its_article(shop: KnowledgeBase, question: str) -> None:
    document, fact = KNOWN[question]
    given = answer(shop, question)
    assert {one.document for one in given.sentences} == {document}
    assert fact in given.markdown()


@pytest.mark.parametrize("question", UNKNOWN)
def test_what_the_articles_do_not_say_is_not_answered(shop: KnowledgeBase, question: str) -> None:
    given = answer(shop, question)
    assert not given.known
    assert given.markdown() == ""
    assert given.confidence < 0.5


def test_each_sentence_stands_where_it_says(shop: KnowledgeBase) -> None:
    for question in KNOWN:
        given = answer(shop, question)
        assert 1 <= len(given.sentences) <= 3
        for one in given.sentences:
            chunk = next(part for part in shop.chunks(one.document) if part.first <= one.line <= part.last)
            assert one.text in " ".join(chunk.text.split())
            assert f"{one.text} [{one.title}, {one.heading}]" in given.markdown()


def test_a_stricter_threshold_answers_less(shop: KnowledgeBase) -> None:
    question = "How much does express delivery cost?"
    assert answer(shop, question).known
    assert not answer(shop, question, support=0.95).known
