"""What live streams carry beside journal entries."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.runs.schemas import JournalEntry


class TenantEntry(JournalEntry):
    """A journal entry in the stream of a whole tenant. `cursor` resumes the stream behind it."""

    run_id: UUID
    workflow: str
    cursor: str


class TextDelta(BaseModel):
    """A piece of what an agent answers, while it is made. It is shown live only and has no number.

    The entry that ends the step takes its place. `offset` is how many characters the step had said before:
    one that is higher than what you have means that pieces are missing, and one that is lower that the step
    began anew.
    """

    model_config = ConfigDict(frozen=True)

    step: str = Field(description="The step's key, or the path of an arm of a gather inside it.")
    offset: int = Field(ge=0)
    text: str
