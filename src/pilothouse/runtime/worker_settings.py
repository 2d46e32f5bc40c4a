"""How a worker works: its slots, its lease and its limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker works. Times are in seconds.

    `lease` is how long a worker may be silent before its runs are taken over, `grace` how long after its
    session has ended; `max_losses` is how many workers a run may lose in a row before it fails. A workflow
    whose own code waits for `stall_timeout` without a step, or blocks the loop for `blocked_after`, is
    stopped; one that still runs `unwind` after it was stopped is left behind. It executes the workflows whose
    requirements its `labels` meet, and where `only` names some, none but those.
    """

    slots: int = 50
    lease: float = 15.0
    grace: float = 2.0
    heartbeat: float = 0.5
    poll: float = 1.0
    stall_timeout: float = 60.0
    blocked_after: float = 60.0
    unwind: float = 5.0
    max_losses: int = 5
    labels: Mapping[str, str] = field(default_factory=dict)
    only: Collection[str] = ()
