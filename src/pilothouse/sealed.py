"""Every column whose values the domains seal: where a tenant's key was turned over, these are sealed anew."""

from __future__ import annotations

from pilothouse.agents.tables import SEALED as ANSWERED
from pilothouse.chats.tables import SEALED as CHATTING
from pilothouse.feedback.tables import SEALED as RATED
from pilothouse.guards.tables import SEALED as MASKED
from pilothouse.kit.sealing import SealedColumn
from pilothouse.notifications.tables import COLUMNS as ADDRESSES
from pilothouse.people.tables import COLUMNS as PEOPLE
from pilothouse.policies.versions.tables import SEALED as DECIDED
from pilothouse.prompts.tables import SEALED as PROMPTS
from pilothouse.protocols.openai.tables import SEALED as CACHED
from pilothouse.runtime import sealed_contents, sealing
from pilothouse.schedules.inputs import SEALED as SCHEDULED
from pilothouse.uploads.tables import SEALED as SENT

COLUMNS: tuple[SealedColumn, ...] = (
    *PEOPLE,
    *sealing.COLUMNS,
    sealed_contents.COLUMN,
    SCHEDULED,
    DECIDED,
    MASKED,
    RATED,
    SENT,
    *ADDRESSES,
    PROMPTS,
    CACHED,
    ANSWERED,
    CHATTING,
)
