"""What is done for a new version of a secret that something in the database was made with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pilothouse.kit.secret import Secret


class Counted:
    """A hook over two functions: what is done for a new version, and how many things each old one made.

    `made` tells them by version. What is done may be half done when it fails, so that the new version stays.
    """

    undone = False

    def __init__(
        self,
        done: Callable[[Secret], Awaitable[str]],
        made: Callable[[], Awaitable[Mapping[str, int]]],
        noun: str,
    ) -> None:
        self._done, self._made, self._noun = done, made, noun

    async def rotated(self, newest: Secret) -> str:
        """Do it."""
        return await self._done(newest)

    async def needed(self, version: str) -> str | None:
        """How many things that version made which were not made anew since."""
        count = (await self._made()).get(version, 0)
        return f"{count:,} {self._noun} were made with it" if count else None
