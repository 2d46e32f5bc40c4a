"""Who sees the arguments of an action as they are, and who sees placeholders.

The action's digest is of the real arguments, whoever looks: what is masked is only what is shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pilothouse.inbox.actions import Mask, Masks, Unmasked
from pilothouse.kit.scope import Scope
from pilothouse.policies.service import Authority


def masks_by(authority: Authority, hiding: Callable[[str], Awaitable[Mask]]) -> Masks:
    """Masks by the rights of whoever looks: `hiding` makes, for a tenant, what hides personal data."""

    async def made(scope: Scope) -> Mask:
        return Unmasked() if authority.may_read_personal_data(scope) else await hiding(scope.tenant_id)

    return made
