"""Apprise in its own process: real services on this machine, and what it may not reach or read."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import orjson
import pytest

from pilothouse.errors import InvalidInput
from pilothouse.notifications.apprising import Apprising
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.schemas import Event
from pilothouse.notifications.wording import Told
from support.mailbox import Mailbox
from support.receiver import receiving

HERE = ["127.0.0.0/8"]
AT = dt.datetime(2030, 1, 31, 12, tzinfo=dt.UTC)
TOLD = Told(Event.APPROVAL_OPENED, "Approval wanted: pay", AT, ("for: approver:finance", "expires: soon"), {})


async def test_a_message_reaches_a_service() -> None:
    async with receiving() as box:
        await Apprising(HERE).send(f"json://{box.url.removeprefix('http://')}/in", TOLD)
    (came,) = box.requests
    said = orjson.loads(came.body)
    assert (came.method, came.path, said["title"], said["message"]) == ("POST", "/in", TOLD.title, TOLD.text)


async def test_a_message_reaches_a_mailbox() -> None:
    with Mailbox() as box:
        where = box.url.removeprefix("smtp://")
        url = f"mailto://{where}?from=pilothouse@example.com&to=ada@example.com&mode=insecure"
        await Apprising(HERE).send(url, TOLD)
    (came,) = box.messages
    assert (came["to"], came["subject"]) == ("ada@example.com", TOLD.title)
    assert "approver:finance" in str(came)


async def test_what_a_service_answers_is_told_without_anything_of_the_address() -> None:
    async with receiving() as box:
        box.answers = [500]
        url = f"json://user:secret-word@{box.url.removeprefix('http://')}/secret-path"
        with pytest.raises(NotTaken) as refused:
            await Apprising(HERE).send(url, TOLD)
    assert (refused.value.answered, "500" in str(refused.value)) == (500, True)
    assert "secret" not in str(refused.value)


async def test_no_network_of_ours_is_reached_by_name_or_by_a_redirect() -> None:
    async with receiving() as box, receiving("127.0.0.2") as inner:
        host = box.url.removeprefix("http://")
        with pytest.raises(NotTaken, match="not to be reached"):
            await Apprising().send(f"json://{host.replace('127.0.0.1', 'localhost')}/", TOLD)
        assert box.requests == []
        box.answers, box.headers = [307], {"location": inner.url}
        with pytest.raises(NotTaken, match=r"leads to 127\.0\.0\.2"):
            await Apprising(["127.0.0.1/32"]).send(f"json://{host}/?redirect=yes", TOLD)
        assert (len(box.requests), inner.requests) == (1, [])


async def test_what_is_no_address_of_a_service_is_refused_and_others_are_shown_without_their_secrets() -> (
    None
):
    with pytest.raises(InvalidInput):
        await Apprising().shown("file:///etc/passwd")
    shown = await Apprising().shown("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?image=secret-word")
    assert shown.startswith("Slack: slack://")
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in shown
    assert "secret-word" not in shown


async def test_no_file_of_this_machine_leaves(tmp_path: Path) -> None:
    secret = Path.cwd() / "pyproject.toml"
    async with receiving() as box:
        host = box.url.removeprefix("http://")
        url = f"workflows://{host}/workflow/signature?template={secret}"
        with pytest.raises((NotTaken, InvalidInput)):
            await Apprising(HERE).send(url, TOLD)
    assert all(b"hatchling" not in came.body for came in box.requests)


@pytest.mark.long
async def test_a_service_that_hangs_is_left() -> None:
    async with receiving() as box:
        box.hold = asyncio.Event()
        with pytest.raises(NotTaken, match="within 3 s"):
            await Apprising(HERE, deadline=3).send(f"json://{box.url.removeprefix('http://')}/", TOLD)
