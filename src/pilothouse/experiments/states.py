"""How an experiment changes: from one state to the next, and what that makes of its arms and ranges.

Everything here works on a row that its caller has locked, and raises `Conflict` for what does not go
together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic import TypeAdapter

from pilothouse.errors import Conflict, InvalidInput
from pilothouse.experiments.schemas import Arm, Guard, Rollout, State
from pilothouse.experiments.splitting import CONTROL, divided, places_of, ranges_of
from pilothouse.experiments.tables import ExperimentRow

_ARMS, _GUARDS = TypeAdapter(list[Arm]), TypeAdapter(list[Guard])


def arms_of(row: ExperimentRow) -> list[Arm]:
    """The arms, as they are stored."""
    return _ARMS.validate_python(row.arms)


def shown_arms(row: ExperimentRow) -> list[Arm]:
    """The arms with their weights, that of the control among them."""
    arms = arms_of(row)
    left = 100 - sum(arm.weight for arm in arms if arm.name != CONTROL)
    return [arm.model_copy(update={"weight": left}) if arm.name == CONTROL else arm for arm in arms]


def guards_of(row: ExperimentRow) -> list[Guard]:
    """The guards."""
    return _GUARDS.validate_python(row.guards)


def rollout_of(row: ExperimentRow) -> Rollout | None:
    """The rollout, if it is one."""
    return None if row.rollout is None else Rollout.model_validate(row.rollout)


def keep_arms(row: ExperimentRow, arms: Sequence[Arm]) -> None:
    """Write the arms, and divide the traffic by their weights; what is counted from now on is kept apart."""
    row.arms = _ARMS.dump_python(list(arms), mode="json")
    weights = {arm.name: places_of(arm.weight) for arm in arms if arm.name != CONTROL}
    row.ranges = [list(part) for part in divided(ranges_of(row.ranges), weights)]
    row.epoch += 1


def start(row: ExperimentRow, now: dt.datetime) -> None:
    """Have it assign arms; of a rollout, in its first stage or in the one in which it was stopped."""
    if row.state not in {State.DRAFT, State.STOPPED}:
        raise Conflict(f"The experiment {row.name} is {row.state}.", hint="A draft or a stopped one starts.")
    row.state, row.why, row.ended_at = State.RUNNING, "", None
    row.started_at = row.started_at or now
    rollout = rollout_of(row)
    if rollout is not None:
        row.stage, row.stage_since = row.stage or 0, now
        _give_stage(row, rollout)
    else:
        keep_arms(row, arms_of(row))


def stop(row: ExperimentRow, now: dt.datetime, why: str) -> None:
    """Have it assign nothing any more."""
    _insist_on_running(row)
    row.state, row.why, row.ended_at = State.STOPPED, why, now


def stop_arm(row: ExperimentRow, name: str, now: dt.datetime, by: str, why: str) -> None:
    """Send an arm's traffic to the control for good. Raises `InvalidInput` for the control and for no arm."""
    _insist_on_running(row)
    arm = _arm_to_change(row, name)
    ended = arm.model_copy(update={"weight": Decimal(0), "stopped_at": now, "stopped_by": by, "why": why})
    keep_arms(row, [ended if one.name == name else one for one in arms_of(row)])


def set_weights(row: ExperimentRow, weights: Mapping[str, Decimal]) -> None:
    """Give arms other weights. Raises `InvalidInput` where they make more than everything."""
    if row.rollout is not None:
        raise Conflict("A rollout's shares come from its stages.", hint="Advance it, or stop its arm.")
    if row.state not in {State.DRAFT, State.RUNNING}:
        raise Conflict(f"The experiment {row.name} is {row.state}.", hint="A running one has weights to set.")
    for name in weights:
        _arm_to_change(row, name)
    arms = [arm.model_copy(update={"weight": weights.get(arm.name, arm.weight)}) for arm in arms_of(row)]
    if sum(arm.weight for arm in arms) > 100:
        raise InvalidInput("The weights make more than 100 %.", hint="The control has what others leave.")
    keep_arms(row, arms)


def advance(row: ExperimentRow, now: dt.datetime) -> None:
    """Go on to the next stage of a rollout."""
    _insist_on_running(row)
    rollout = rollout_of(row)
    if rollout is None or row.stage is None:
        raise Conflict(f"The experiment {row.name} is no rollout.", hint="Set its weights instead.")
    if row.stage + 1 >= len(rollout.stages):
        raise Conflict(f"The rollout {row.name} is in its last stage.", hint="Conclude it with its winner.")
    if any(arm.stopped_at for arm in arms_of(row)):
        raise Conflict(f"The arm of {row.name} was stopped.", hint="Make another experiment.")
    row.stage, row.stage_since = row.stage + 1, now
    _give_stage(row, rollout)


def conclude(row: ExperimentRow, now: dt.datetime, winner: str | None, why: str) -> None:
    """End it for good. Raises `InvalidInput` for a winner that it has not, or that was stopped."""
    if row.state not in {State.RUNNING, State.STOPPED}:
        raise Conflict(f"The experiment {row.name} is {row.state}.", hint="Start it first.")
    if winner is not None and winner != CONTROL:
        _arm_to_change(row, winner)
    row.state, row.winner, row.why, row.ended_at = State.CONCLUDED, winner, why, now


def active(row: ExperimentRow) -> list[str]:
    """The arms beside the control that were not stopped."""
    return [arm.name for arm in arms_of(row) if arm.name != CONTROL and arm.stopped_at is None]


def _give_stage(row: ExperimentRow, rollout: Rollout) -> None:
    weight = rollout.stages[row.stage or 0]
    keep_arms(
        row,
        [
            arm if arm.name == CONTROL or arm.stopped_at else arm.model_copy(update={"weight": weight})
            for arm in arms_of(row)
        ],
    )


def _insist_on_running(row: ExperimentRow) -> None:
    if row.state != State.RUNNING:
        raise Conflict(f"The experiment {row.name} is {row.state}.", hint="Only a running one does this.")


def _arm_to_change(row: ExperimentRow, name: str) -> Arm:
    """An arm beside the control that was not stopped."""
    found = next((arm for arm in arms_of(row) if arm.name == name), None)
    if found is None:
        names = ", ".join(arm.name for arm in arms_of(row))
        raise InvalidInput(f"The experiment {row.name} has no arm {name!r}.", hint=f"It has {names}.")
    if name == CONTROL:
        raise InvalidInput(
            "The control is what the others are compared with.", hint="It has what they leave."
        )
    if found.stopped_at is not None:
        raise Conflict(f"The arm {name} was stopped: {found.why}.", hint="Make another experiment.")
    return found
