"""What is told of the vault: never a key, nor anything that a key has sealed."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict


class KeyState(BaseModel):
    """A version of a tenant's key. `status` is index, active, retired or destroyed."""

    model_config = ConfigDict(frozen=True)

    version: int
    status: str
    wrapping: str
    created_at: dt.datetime
    destroyed_at: dt.datetime | None


class PartProgress(BaseModel):
    """How far one column is sealed with the key `version`.

    Of about `total` values (None: not counted yet) `seen` were looked at, `resealed` sealed anew, and
    `unreadable` left as they are.
    """

    model_config = ConfigDict(frozen=True)

    part: str
    version: int
    total: int | None
    seen: int
    resealed: int
    unreadable: int
    begun_at: dt.datetime
    ended_at: dt.datetime | None


class TenantVault(BaseModel):
    """The keys of one tenant, and how far its values are sealed with the active one."""

    model_config = ConfigDict(frozen=True)

    tenant_id: str
    keys: tuple[KeyState, ...]
    progress: tuple[PartProgress, ...]

    @property
    def destroyed(self) -> bool:
        """Whether nothing of this tenant can be opened any more."""
        return bool(self.keys) and all(key.status == "destroyed" for key in self.keys)


class Rewrapped(BaseModel):
    """What a change of the master key has done: keys wrapped anew, and those that another one wraps still."""

    model_config = ConfigDict(frozen=True)

    keys: int
    left: dict[str, int]
