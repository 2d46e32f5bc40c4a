"""The desk: one durable run is one conversation, which waits for the customer's next message and ends.

A message is sorted, what it wants is read, and it is answered from the articles with the source of every
sentence, or dealt with over the customer's own records, or handed over to a person with a summary.
"""

from __future__ import annotations

from pilothouse import Context, Workflow, workflow
from pilothouse.apps.support.agents import Judges
from pilothouse.apps.support.conversation import Conversation, HandOver
from pilothouse.apps.support.dealing import deal, perform, tell_of_product
from pilothouse.apps.support.judgements import Found, Heard, Shown
from pilothouse.apps.support.proposals import Say
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.particulars import Particulars
from pilothouse.apps.support.reading.wishes import Kind, Wish
from pilothouse.apps.support.shop.tools import ShopTools
from pilothouse.apps.support.speaking.transcript import FILE, transcript
from pilothouse.apps.support.tickets import Ending, Outcome, Ticket

MOST_TURNS = 40
"""Messages of a customer after which a person takes over."""
SURE = 0.9
"""How much must speak for another wish, for it to take the place of one that is open."""


def desk_over(judges: Judges, tools: ShopTools, name: str = "support") -> Workflow:
    """The workflow over a desk's agents and tools."""

    @workflow(name, version=1, personal=True, untrusted_input=True)
    async def support(ctx: Context, ticket: Ticket) -> Outcome:
        """Talk with a customer: answer from the articles, act under the shop's rules, or hand over."""
        return await _converse(Conversation(ctx, judges, tools, ticket))

    return support


async def _converse(talk: Conversation) -> Outcome:
    message: str | None = talk.ticket.message
    turns = 0
    ending = None
    while message is not None:
        talk.hear(message)
        turns += 1
        ending = await _turn(talk, message, turns)
        if ending is not None:
            break
        message = await talk.next_message(talk.messages[-1].text)
    if ending is None:
        ending = Ending.HANDED_OVER if talk.with_person else Ending.SILENT
    outcome = Outcome(
        ending=ending,
        topic=talk.topic.topic if talk.topic else "other",
        language=talk.language,
        verified=talk.customer_id is not None,
        messages=tuple(talk.messages),
        actions=tuple(talk.actions),
    )
    await talk.ctx.save(FILE, transcript(outcome))
    return outcome


async def _turn(talk: Conversation, message: str, turns: int) -> Ending | None:
    """Answer one message; the reply is the last of the messages then. Returns how it ended, if it did."""
    if talk.with_person:
        return await _beside_a_person(talk, message)
    try:
        _insist_on_an_end(turns)
        ending = await _understood(talk, message)
        talk.insist_on_progress()
    except HandOver as reason:
        talk.say_only(reason.line)
        talk.reply(aside=True)
        await talk.person_says(reason.why)
        return None
    talk.reply(aside=ending is not None)
    return ending


def _insist_on_an_end(turns: int) -> None:
    if turns > MOST_TURNS:
        raise HandOver(f"the conversation has more than {MOST_TURNS} messages")


async def _understood(talk: Conversation, message: str) -> Ending | None:
    """Work out what a message is about, and go on with it."""
    if talk.shown is not None:
        shown, talk.shown = talk.shown, None
        said = await talk.ctx.call(talk.judges.consent, Shown(proposal=shown, message=message))
        if said == "yes":
            await perform(talk, shown)
            return None
        wish = await _read(talk, message)
        if _brings_something(wish, message, said):
            return await _go_on(talk, wish, message)
        if said == "no":
            talk.close()
            talk.say("not_done")
            talk.say("anything_else")
            return None
        talk.shown = shown
        talk.ask("consent", Say(line="say_yes_or_no", places={"proposal": talk.spoken(shown.say)}))
        return None
    return await _go_on(talk, await _read(talk, message), message)


async def _read(talk: Conversation, message: str) -> Wish:
    """Sort a message and read what it wants; who they say they are is kept for the whole conversation."""
    topic = await talk.ctx.call(talk.judges.triage, message)
    talk.topic = topic if topic.in_scope or talk.topic is None else talk.topic.model_copy(
        update={"urgency": topic.urgency, "sentiment": topic.sentiment}
    )  # fmt: skip
    talk.speak(topic.language)
    heard = await talk.ctx.call(talk.judges.wish, Heard(message=message, topic=topic))
    wish = heard.model_copy(
        update={"particulars": heard.particulars.model_copy(update={"text": message})}
    )  # a model leaves the text out
    talk.known = talk.known.beside(wish.particulars)
    talk.wanted = wish.kind.value
    return wish


def _brings_something(wish: Wish, message: str, said: str) -> bool:
    """Whether a message that was to be a yes or a no says something else as well."""
    if wish.kind is Kind.PERSON:
        return True
    if wish.kind is Kind.QUESTION:
        return wish.confidence >= SURE and "?" in message
    if wish.kind.is_deed:
        asks = said == "no" or "deed" in cues().all("asking", message)
        return bool(wish.particulars.address) or (asks and wish.confidence >= SURE)
    return wish.kind is Kind.DETAILS and bool(
        wish.particulars.address or wish.particulars.payment or wish.particulars.amount_cents
    )


async def _go_on(talk: Conversation, wish: Wish, message: str) -> Ending | None:
    """Go on with what is open, or with what is wanted now."""
    open_wish = talk.wish
    match wish.kind:
        case Kind.PERSON:
            raise HandOver("the customer asks for a person", "handing_over_person")
        case Kind.CLOSING:
            talk.say("goodbye")
            return Ending.SOLVED
        case Kind.QUESTION if open_wish is None or (wish.confidence >= SURE and "?" in message):
            talk.offered = wish.about
            await _answer(talk, message)
            return None
        case Kind.HELLO if open_wish is None:
            talk.say("hello")
            return None
        case Kind.COMPLAINT if open_wish is None and wish.particulars.refund_reason is None:
            talk.wish = wish
            raise HandOver("the customer complains", "handing_over_complaint")
        case Kind.UNCLEAR | Kind.DETAILS if open_wish is None and not _tells_what_to_do(talk, wish):
            await _unclear(talk, wish, message)
            return None
    talk.wish = wish = _carried_on(open_wish, wish, talk.offered)
    await deal(talk, wish)
    return None


def _carried_on(before: Wish | None, now: Wish, offered: Kind | None) -> Wish:
    """The wish that is open now: another one where that is clear, else the one before with what was added."""
    if before is None:
        kind = now.kind
        if not kind.is_deed:  # what is damaged or missing; what was asked about; or a number alone
            wrong = now.particulars.refund_reason is not None
            kind = Kind.REFUND if wrong else offered or Kind.ORDER_STATUS
        return now.model_copy(update={"kind": kind})
    if now.kind.is_deed and now.kind is not before.kind and now.confidence >= SURE:
        kept = Particulars(orders=before.particulars.orders)
        return now.model_copy(update={"particulars": kept.beside(now.particulars)})
    particulars = before.particulars.beside(now.particulars)
    kind = before.kind
    if kind is Kind.REFUND and particulars.refund_reason is None and now.particulars.cancel_reason:
        kind = Kind.RETURN  # they just do not want it
    return before.model_copy(update={"particulars": particulars, "kind": kind})


def _tells_what_to_do(talk: Conversation, wish: Wish) -> bool:
    """Whether particulars alone tell it: an order, what is wrong with it, or who they are after an offer."""
    said = wish.particulars
    return bool(said.orders or said.refund_reason or (talk.offered and (said.email or said.postcode)))


async def _unclear(talk: Conversation, wish: Wish, message: str) -> None:
    """Perhaps the articles know; else ask once what it is about, then hand over."""
    said = wish.particulars
    if said.email or said.last_name or cues().whole("yes", message):
        talk.ask("wish", Say(line="and_what"))
        return
    found = await talk.ctx.call(talk.judges.answer, message)
    if found.sentences:
        _tell(talk, found)
    elif talk.asked == "wish":
        raise HandOver("what the customer wants is unclear", "handing_over_unknown")
    else:
        talk.ask("wish", Say(line="unclear"))


async def _answer(talk: Conversation, message: str) -> None:
    """Answer from the articles; what they do not say is handed over."""
    found = await talk.ctx.call(talk.judges.answer, message)
    if not found.sentences and await tell_of_product(talk, message):
        talk.say("anything_else")
        return
    if not found.sentences:
        talk.tried.append(f"the articles do not answer it (the best covers {found.confidence:.0%})")
        raise HandOver("the articles do not answer the question", "handing_over_unknown")
    _tell(talk, found)


def _tell(talk: Conversation, found: Found) -> None:
    """What the articles say, and how to go on."""
    talk.cite(found)
    talk.tried.append(f"answered from {', '.join(dict.fromkeys(str(one) for one in found.citations))}")
    if talk.wish is not None and talk.asking is not None:
        talk.say_this(talk.asking)
    else:
        talk.close()
        talk.say("offer_deed" if talk.offered else "anything_else")


async def _beside_a_person(talk: Conversation, message: str) -> Ending | None:
    """Once a person has taken over, what the customer says goes to them; thanks end it."""
    wish = await _read(talk, message)
    if wish.kind is Kind.CLOSING:
        talk.say("goodbye")
        talk.reply(aside=True)
        return Ending.HANDED_OVER
    await talk.person_says("the customer has written again")
    return None
