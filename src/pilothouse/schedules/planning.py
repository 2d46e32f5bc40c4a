"""What a schedule does when its time has come: a pure function of its row, the time and its last run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.schedules.calendar import Rhythm
from pilothouse.schedules.repository import Due, rhythm_of
from pilothouse.schedules.schemas import Missed, Overlap

ON_TIME = dt.timedelta(seconds=60)
"""How late a fire may be before it counts as missed."""

MAX_QUEUED = 1_000
"""Fires of one schedule that wait for its last run, at most; the earliest are kept."""


@dataclass(frozen=True)
class Plan:
    """The fires that make a run each, those that go on waiting, and when the schedule fires next.

    With `cancel` the last run is to be cancelled before.
    """

    fires: Sequence[dt.datetime]
    queued: Sequence[dt.datetime]
    next_at: dt.datetime | None
    cancel: bool = False


def plan(schedule: Due, *, busy: bool) -> Plan:
    """What is to be done about a schedule; `busy` says whether its last run has not ended."""
    rhythm, now = rhythm_of(schedule), schedule.now
    waits = schedule.next_at is None or schedule.next_at > now
    due = [] if schedule.next_at is None or waits else due_fires(schedule, rhythm, schedule.next_at)
    following = schedule.next_at if waits else rhythm.after(now)
    queued = schedule.queued
    match Overlap(schedule.overlap):
        case Overlap.ALLOW:
            return Plan([*queued, *due], (), following)
        case Overlap.SKIP:
            return Plan(() if busy else [*queued, *due][:1], (), following)
        case Overlap.CANCEL:
            return Plan([*queued, *due][-1:], (), following, cancel=busy and bool(due))
        case Overlap.QUEUE:
            line = [*queued, *due]
            begins = 0 if busy else 1
            return Plan(line[:begins], line[begins : begins + MAX_QUEUED], following)


def due_fires(schedule: Due, rhythm: Rhythm, announced: dt.datetime) -> list[dt.datetime]:
    """The fires from the `announced` one to now that make a run, as the policy for missed ones says.

    `ONCE` makes up for all that were missed by the last of them, unless a fire that is on time does so.
    """
    now = schedule.now
    if schedule.missed == Missed.ALL:
        return _fires(rhythm, announced, announced, now, schedule.missed_limit)
    on_time = _fires(rhythm, announced, now - ON_TIME, now, int(ON_TIME.total_seconds()) + 1)
    if on_time or schedule.missed == Missed.SKIP:
        return on_time
    return _fires(rhythm, announced, announced, now, 1)


def _fires(
    rhythm: Rhythm, announced: dt.datetime, since: dt.datetime, now: dt.datetime, most: int
) -> list[dt.datetime]:
    """The last `most` fires from `since` to now.

    What was announced is fired even where the rhythm has it no more: time zones change their rules.
    """
    found = rhythm.between(max(since, announced), now, most)
    if announced >= since and announced not in found and len(found) < most:
        return [announced, *found]
    return found
