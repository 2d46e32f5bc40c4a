"""Rotating secrets: a new version beside the old ones, what is done for it, and the end of the old ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from pilothouse.errors import InvalidInput, NotFound, PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.secret import Secret
from pilothouse.secrets.catalogue import KINDS, Form, is_strong, kind_of, new_value, read
from pilothouse.secrets.errors import NotRotatable, StillNeeded
from pilothouse.secrets.ledger import DatabaseLedger
from pilothouse.secrets.providers.port import Held, Keeper, Provider
from pilothouse.secrets.schemas import Rotated, SecretState, SecretVersion
from pilothouse.secrets.service import Secrets

log = structlog.get_logger(__name__)

OVERLAP = dt.timedelta(days=1)
"""For how long an old version stays in use beside a new one, at least."""


class Hook(Protocol):
    """What a domain does when a secret that it uses is rotated."""

    undone: bool
    """Whether a failure of `rotated` leaves everything as it was, so that the new version is taken back."""

    async def rotated(self, newest: Secret) -> str:
        """Do what the new version needs, and tell what was done."""
        ...

    async def needed(self, version: str) -> str | None:
        """Why an old version has to stay, or None."""
        ...


class Rotation:
    """Looks after the secrets of an installation."""

    def __init__(
        self, secrets: Secrets, hooks: Mapping[str, Hook], clock: Clock, ledger: DatabaseLedger | None = None
    ) -> None:
        """`hooks` are by the name of their secret."""
        self._secrets = secrets
        self._hooks = hooks
        self._clock = clock
        self._ledger = ledger

    async def states(self) -> Sequence[SecretState]:
        """Every secret that is there. Raises `SecretsUnavailable` where a place does not answer."""
        found = dict.fromkeys(KINDS)
        for provider in self._secrets.providers:
            found |= dict.fromkeys(await provider.names())
        states = [await self.state(name) for name in found if _is_name(name)]
        return [state for state in states if state.versions or state.wrong]

    async def state(self, name: str) -> SecretState:
        """How a secret is; without versions where there is none. Raises `InvalidInput`."""
        kind = kind_of(name)
        provider = await self._secrets.provider_of(name)
        held = await provider.read(name) if provider is not None else []
        noted = {}
        if self._ledger is not None and kind.shared and held:
            noted = {item.version: item.noted_at for item in await self._ledger.marked(name)}
        versions = tuple(
            SecretVersion(version=item.version, where=item.where, since=item.since or noted.get(item.version))
            for item in held
        )
        since = versions[0].since if versions else None
        due = since + dt.timedelta(days=kind.days) if since and kind.days else None
        wrong = _wrong(name, held)
        strong = wrong is None and all(is_strong(name, read(name, item.raw)) for item in held[:1])
        return SecretState(
            name=name, summary=kind.summary, versions=versions, due_at=due, strong=strong, wrong=wrong
        )

    async def init(self) -> Sequence[Rotated]:
        """Make the secrets that Pilothouse makes and nobody has. Raises `NotRotatable`."""
        made = []
        for name, kind in KINDS.items():
            if kind.made and await self._secrets.provider_of(name) is None:
                keeper = self._keeper(name, None)
                held = await keeper.add(name, new_value(kind), first=True)
                self._secrets.forget(name)
                await self._secrets.versions(name)  # which has the database remember it
                if held is not None:
                    made.append(Rotated(name=name, version=held.version, where=held.where, done="made"))
        return made

    async def rotate(self, name: str, value: bytes | None = None) -> Rotated:
        """Make a new version, or take `value` as that. The old ones stay in use.

        Raises `NotRotatable` where the place is only read, `InvalidInput` where a value is needed, and what
        the secret's hook raises.
        """
        kind = kind_of(name)
        if value is None and kind.form is Form.TEXT and not kind.made and name != "database_password":
            raise InvalidInput(
                f"Only whoever gave {name} can give another one.",
                hint=f"Pass it on standard input: pilothouse secrets rotate {name} --stdin",
            )
        raw = new_value(kind) if value is None else value
        revealed = read(name, raw)
        if not is_strong(name, revealed) and kind.made:
            raise InvalidInput(f"The new {name} can be guessed.", hint="Leave it out, to have one made.")
        keeper = self._keeper(name, await self._secrets.provider_of(name))
        held = await keeper.add(name, raw)
        if held is None:
            raise NotRotatable(f"Somebody else rotates {name} now.", hint="Look at it again in a moment.")
        self._secrets.forget(name)
        await self._secrets.versions(name)  # the hook finds the new version
        done = await self._told(Secret(name, held.version, revealed), keeper)
        log.info("secret_rotated", name=name, version=held.version, where=keeper.where)
        return Rotated(name=name, version=held.version, where=held.where, done=done)

    async def retire(self, name: str, version: str, *, force: bool = False) -> None:
        """Use an old version no longer.

        Raises `NotFound`, and `StillNeeded` where it is the newest, was replaced less than `OVERLAP` ago, or
        something was made with it and not anew since; `force` overrides the last two.
        """
        provider = await self._secrets.provider_of(name)
        keeper = self._keeper(name, provider)
        state = await self.state(name)
        numbers = [item.version for item in state.versions]
        if version not in numbers:
            raise NotFound(f"There is no version {version[:60]!r} of {name}.", hint="See `secrets list`.")
        if version == numbers[0]:
            raise StillNeeded(f"Version {version} of {name} is the newest.", hint=f"Rotate {name} first.")
        successor = state.versions[numbers.index(version) - 1]
        if not force and (successor.since is None or self._clock.now() < successor.since + OVERLAP):
            raise StillNeeded(
                f"Version {version} of {name} was replaced less than {OVERLAP.days} day ago.",
                hint="Other processes may still use it. --force retires it all the same.",
            )
        why = await self._hooks[name].needed(version) if name in self._hooks and not force else None
        if why is not None:
            raise StillNeeded(
                f"Version {version} of {name} is needed still: {why}.", hint="--force overrides."
            )
        await self._removed(name, version, keeper)
        log.info("secret_retired", name=name, version=version, where=keeper.where, forced=force)

    async def forget(self, name: str) -> int:
        """Let the database forget a secret that was lost, so that another is taken; returns its versions."""
        kind_of(name)
        self._secrets.forget(name)
        found = await self._ledger.forget(name) if self._ledger is not None else 0
        log.warning("secret_forgotten", name=name, versions=found)
        return found

    async def _told(self, secret: Secret, keeper: Keeper) -> str:
        """Have the hook do its part; the new version is taken back only where that left nothing done."""
        hook = self._hooks.get(secret.name)
        if hook is None:
            return "the old versions stay in use beside it"
        try:
            return await hook.rotated(secret)
        except Exception:
            if hook.undone:
                await self._removed(secret.name, secret.version, keeper)
            raise

    async def _removed(self, name: str, version: str, keeper: Keeper) -> None:
        await keeper.remove(name, version)
        if self._ledger is not None:
            await self._ledger.forget(name, version)
        self._secrets.forget(name)

    def _keeper(self, name: str, provider: Provider | None) -> Keeper:
        """Where a new version is written: where the secret is, or where the first one is made."""
        if provider is None:
            provider = self._secrets.first_keeper(name)
        if not isinstance(provider, Keeper):
            places = ", ".join(item.where for item in self._secrets.providers)
            where = places if provider is None else provider.where
            raise NotRotatable(
                f"The secret {name} is kept in {where}, which Pilothouse only reads.",
                hint="Put a new version there as docs/guides/secrets.md tells, and start the processes anew.",
            )
        return provider


def _is_name(name: str) -> bool:
    try:
        kind_of(name)
    except InvalidInput:
        return False
    return True


def _wrong(name: str, held: Sequence[Held]) -> str | None:
    for item in held:
        try:
            read(name, item.raw)
        except PilothouseError as error:
            return f"version {item.version}: {error.message}"
    return None
