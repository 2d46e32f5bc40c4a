"""A target that keeps failing is left alone for a while; no other one is, and one message is not enough."""

from __future__ import annotations

import pytest

from pilothouse.errors import PilothouseError
from pilothouse.kit.ids import Ids
from pilothouse.notifications.channels import Channels
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.schemas import Channel
from pilothouse.notifications.wording import of_test
from pilothouse.resilience import Registry, State
from support.clocks import START, ManualClock
from support.printed import free_port

SECRET = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]


async def test_a_target_that_keeps_failing_is_left_alone_and_asked_again_later() -> None:
    clock, ids = ManualClock(), Ids()
    registry = Registry(clock=clock)
    channels = Channels(["127.0.0.0/8"], clock, registry)
    url, target, other = f"http://127.0.0.1:{free_port()}/in", ids.new(), ids.new()

    async def deliver(where: object) -> NotTaken:
        with pytest.raises(NotTaken) as refused:
            await channels.deliver(
                target if where == "target" else other,
                *(Channel.WEBHOOK, url, SECRET, ids.new(), of_test(START, "x")),
            )
        return refused.value

    for _ in range(9):  # the attempts of one message
        await deliver("target")
    breaker = registry.dependency(f"webhook/{target}").breaker
    assert breaker.state is State.CLOSED
    await deliver("target")
    assert breaker.state is State.OPEN
    refused = await deliver("target")
    assert "left alone" in refused.message
    assert refused.again_after == pytest.approx(60)
    assert not refused.final
    assert "left alone" not in (await deliver("other")).message
    clock.advance(61)
    assert "left alone" not in (await deliver("target")).message
    await channels.close()


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (NotTaken("x", answered=500), True),
        (NotTaken("x", answered=429), True),
        (NotTaken("no answer"), True),
        (NotTaken("x", answered=404), False),
        (NotTaken("x", answered=410, gone=True), False),
        (NotTaken("no address", final=True), False),
        (PilothouseError("a bug"), False),
    ],
)
def test_what_a_target_refuses_is_no_failure_of_it(error: Exception, counts: bool) -> None:
    from pilothouse.notifications.channels import FAULTS

    assert FAULTS.records(error) is counts
