"""Who the customer is, before anything of theirs is read or changed.

An e-mail address with the number of an order or the postcode, or a full name with the postcode. A miss says
the same whether there is such a customer or not. After `MISSES` a person takes over; the policies refuse more
than five whatever the desk does.
"""

from __future__ import annotations

from pilothouse import Denied
from pilothouse.apps.support.conversation import Conversation, HandOver
from pilothouse.apps.support.proposals import Say
from pilothouse.apps.support.shop.inputs import FindByEmail, FindByName

MISSES = 3
LONGEST_NUMBER = 20
LINE = "handing_over_identity"


async def is_known(talk: Conversation) -> bool:
    """Whether it is known who the customer is; where not, the reply asks for what is missing.

    Raises `HandOver` after too many misses.
    """
    if talk.customer_id is not None:
        return True
    attempt = _attempt(talk)
    if attempt is None:
        _ask(talk)
        return False
    said = attempt.model_dump_json().casefold()
    if said not in talk.attempts:
        talk.attempts.append(said)
        talk.customer_id = await _found(talk, attempt)
        if talk.customer_id is not None:
            talk.tried.append("the customer was verified")
            return True
    if len(talk.attempts) >= MISSES:
        raise HandOver(f"nobody was found in {MISSES} ways of saying who they are", LINE)
    talk.ask("identity", Say(line="not_matched"))
    return False


async def _found(talk: Conversation, attempt: FindByEmail | FindByName) -> str | None:
    name = "find_customer_by_email" if isinstance(attempt, FindByEmail) else "find_customer_by_name"
    try:
        found = await talk.ctx.act(talk.tools[name], attempt)
    except Denied as error:
        raise HandOver(error.message, LINE) from error
    customer_id: str | None = found.customer_id
    return customer_id


def _attempt(talk: Conversation) -> FindByEmail | FindByName | None:
    """What was said of who they are, where it is enough to look them up; a sender is a claim, too."""
    said = talk.known
    email = said.email or talk.ticket.sender
    if email and said.postcode:
        return FindByEmail(email=email, postcode=said.postcode)
    if email and said.orders:
        return FindByEmail(email=email, order_id=said.orders[0])
    if said.first_name and said.last_name and said.postcode:
        return FindByName(first_name=said.first_name, last_name=said.last_name, postcode=said.postcode)
    return None


def _ask(talk: Conversation) -> None:
    said = talk.known
    places = {}
    if said.email or talk.ticket.sender:
        line = "ask_proof"
    elif said.first_name and said.last_name:
        line = "ask_postcode"
    elif said.orders and talk.asked != "identity":
        line, places = "ask_email_of_order", {"order": said.orders[0][:LONGEST_NUMBER]}
    elif said.postcode or said.orders:
        line = "ask_email"
    else:
        line = "ask_identity"
    talk.ask("identity", Say(line=line, places=places))
