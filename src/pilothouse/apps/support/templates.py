"""Messages of customers to try the desk with; the shop that ships knows who writes them."""

from pilothouse import Template

TEMPLATES = (
    Template(
        id="where-is-my-order",
        title="Where is my order?",
        summary="A customer says who they are and asks how far an order is.",
        workflow="support",
        icon="package",
        input="Where is my order H-10005? I am nadia.haddad@example.com",
    ),
    Template(
        id="refund",
        title="A refund",
        summary="Something arrived damaged; a refund of this size waits for a manager.",
        workflow="support",
        icon="receipt",
        input=(
            "The sleeping bag in order H-10003 arrived damaged, please refund it. My e-mail is "
            "elif.yilmaz@example.com"
        ),
    ),
    Template(
        id="delivery",
        title="A question about delivery",
        summary="Answered in the words of the articles, each sentence with its source.",
        workflow="support",
        icon="truck",
        input="How long does delivery to Germany take, and what does it cost?",
    ),
)
