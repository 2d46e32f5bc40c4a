"""Switches over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query

from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.switches.schemas import (
    AgentName,
    Degradations,
    Flag,
    FlagKey,
    Flags,
    Kill,
    KillName,
    Kills,
    NewFlag,
    NewKill,
)
from pilothouse.switches.service import SwitchBook

Provide = Callable[..., Awaitable[SwitchBook]]


def kills(provide: Provide) -> Endpoints:
    """What is killed; `provide` makes the service for a request."""
    router = Endpoints(prefix="/switches", tags=["switches"])
    Provided = Annotated[SwitchBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_kills(
        switches: Provided, ended: Annotated[bool, Query(description="Also those that were let go.")] = False
    ) -> Kills:
        """List what is killed now, the latest first."""
        return await switches.kills(ended=ended)

    @router.post("/kill", status_code=201, responses=documented(400, 403))
    async def kill(switches: Provided, wanted: NewKill) -> Kill:
        """Kill something: within a second its running steps are stopped everywhere, and none begins."""
        return await switches.kill(wanted)

    @router.post("/unkill", responses=documented(400, 403, 404))
    async def unkill(switches: Provided, name: KillName) -> Kill:
        """Let something go that is killed."""
        return await switches.unkill(name)

    @router.get("/degradations")
    async def list_degradations(switches: Provided) -> Degradations:
        """List the agents that begin on a lower rung after repeated failures, by name."""
        return await switches.degradations()

    @router.post("/restore", status_code=204, responses=documented(400, 403, 404))
    async def restore_agent(switches: Provided, named: AgentName) -> None:
        """Put an agent that begins on a lower rung back on its first one."""
        await switches.restore(named.agent, named.tenant)

    return router


def flags(provide: Provide) -> Endpoints:
    """Feature flags; `provide` makes the service for a request."""
    router = Endpoints(prefix="/flags", tags=["switches"])
    Provided = Annotated[SwitchBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def list_flags(switches: Provided) -> Flags:
        """List the flags of the tenant and those for all, by name."""
        return await switches.flags()

    @router.put("", responses=documented(400, 403))
    async def set_flag(switches: Provided, flag: NewFlag) -> Flag:
        """Set a flag. It replaces the one of the same name and tenant, if there is one."""
        return await switches.put(flag)

    @router.delete("", responses=documented(400, 403, 404))
    async def remove_flag(switches: Provided, key: Annotated[FlagKey, Query()]) -> Flag:
        """Remove a flag, which is off then, and show what it was."""
        return await switches.remove(key)

    return router
