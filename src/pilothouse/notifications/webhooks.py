"""Webhooks: a message as JSON, signed, posted through the client that reaches no network of ours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from uuid import UUID

import orjson

from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.outgoing import Answer, Guard, GuardedClient
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.signing import headers, message_id
from pilothouse.notifications.wording import Told

DEADLINE = 15.0
"""Seconds for a request with its answer."""
MOST_BYTES = 65_536
"""Bytes of an answer, which nobody reads."""
GONE = 410


class Webhooks:
    """Posts messages. Use it within one event loop."""

    def __init__(self, guard: Guard, clock: Clock) -> None:
        """Reach what `guard` allows. Redirects are not followed: they are an answer like any other."""
        self._http = GuardedClient(guard, deadline=DEADLINE, most_bytes=MOST_BYTES)
        self._clock = clock

    async def send(self, url: str, known: Sequence[str], delivery_id: UUID, told: Told) -> int:
        """Post a message, signed with the `known` secrets; the status that it was answered with.

        Raises `NotTaken` for any answer but one of success, and where none comes.
        """
        body, now = orjson.dumps(told.document()), self._clock.now()
        said = headers(known, message_id(delivery_id), int(now.timestamp()), body)
        said |= {"content-type": "application/json", "user-agent": "Pilothouse"}
        try:
            answer = await self._http.request("POST", url, headers=said, content=body)
        except InvalidInput as error:
            raise NotTaken("The address is no web address.", final=True) from error
        except PilothouseError as error:
            raise NotTaken(error.message) from error
        if 200 <= answer.status < 300:
            return answer.status
        raise _refused(answer, now)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()


def _refused(answer: Answer, now: dt.datetime) -> NotTaken:
    if answer.status == GONE:
        return NotTaken("The receiver answers 410: it wants nothing more.", answered=GONE, gone=True)
    redirected = " A redirect is not followed: set the address that it leads to." if _moves(answer) else ""
    return NotTaken(
        f"The receiver answers {answer.status}.{redirected}",
        answered=answer.status,
        again_after=patience_of(answer.headers.get("retry-after"), now),
    )


def _moves(answer: Answer) -> bool:
    return 300 <= answer.status < 400


def patience_of(text: str | None, now: dt.datetime) -> float | None:
    """The seconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3); None where it is none."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
