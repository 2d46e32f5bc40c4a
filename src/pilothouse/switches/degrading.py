"""When an agent goes down its ladder and when it comes back up: a state machine that only a clock drives.

After `failures` failures in a row of the rung that it begins with, an agent begins one rung lower. From then
on one call now and then is a probe, which begins one rung higher: after `probes` good ones in a row the agent
does so again, and a bad one doubles the time to the next, up to `longest`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Rules:
    """How soon an agent goes down and comes back. Times are in seconds."""

    failures: int = 5
    probes: int = 3
    backoff: float = 30.0
    longest: float = 1_800.0


@dataclass(frozen=True)
class Standing:
    """Where an agent stands: `level` rungs below its first; the next probe is at `probe_at`.

    `failed` and `passed` count failures in a row, and good probes in a row: they are each process's own.
    """

    level: int = 0
    backoff: float = 0.0
    probe_at: dt.datetime | None = None
    changed_at: dt.datetime | None = None
    reason: str = ""
    failed: int = 0
    passed: int = 0


class Degrading:
    """The standing of one agent in one process."""

    def __init__(self, rules: Rules | None = None, standing: Standing | None = None) -> None:
        """Begin on the first rung, or where the agent stands already."""
        self.rules = rules or Rules()
        self.standing = standing or Standing()

    def first(self, now: dt.datetime) -> int:
        """The rung that a call begins with, counted from 0. A probe puts off the next one."""
        stands = self.standing
        if stands.level == 0 or stands.probe_at is None or now < stands.probe_at:
            return stands.level
        self.standing = replace(stands, probe_at=self._later(now, stands.backoff))
        return stands.level - 1

    def tried(self, now: dt.datetime, rung: int, *, failed: bool, rungs: int) -> bool:
        """A rung was tried; whether the agent stands elsewhere now, which others should know."""
        before = self.standing
        if rung == before.level:
            self._at_level(now, failed=failed, rungs=rungs)
        elif rung == before.level - 1:
            self._probed(now, failed=failed)
        return self.standing.changed_at != before.changed_at

    def adopt(self, standing: Standing) -> None:
        """Stand where another process has put the agent, if that is newer than what is known here."""
        known = self.standing.changed_at
        if standing.changed_at is not None and (known is None or standing.changed_at > known):
            self.standing = standing

    def _at_level(self, now: dt.datetime, *, failed: bool, rungs: int) -> None:
        stands = self.standing
        count = stands.failed + 1 if failed else 0
        if count < self.rules.failures or stands.level + 1 >= rungs:
            self.standing = replace(stands, failed=min(count, self.rules.failures))
            return
        self.standing = Standing(
            level=stands.level + 1,
            backoff=self.rules.backoff,
            probe_at=self._later(now, self.rules.backoff),
            changed_at=now,
            reason=f"It failed {count} times in a row.",
        )

    def _probed(self, now: dt.datetime, *, failed: bool) -> None:
        stands = self.standing
        if failed:
            backoff = min(stands.backoff * 2, self.rules.longest)
            self.standing = replace(
                stands, backoff=backoff, probe_at=self._later(now, backoff), changed_at=now, passed=0
            )
        elif stands.passed + 1 < self.rules.probes:
            self.standing = replace(stands, passed=stands.passed + 1, probe_at=now)
        else:
            level = stands.level - 1
            again = self._later(now, self.rules.backoff) if level else None
            self.standing = Standing(
                level, self.rules.backoff, again, now, stands.reason if level else "It works again."
            )

    @staticmethod
    def _later(now: dt.datetime, seconds: float) -> dt.datetime:
        return now + dt.timedelta(seconds=seconds)
