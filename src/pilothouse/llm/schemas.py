"""What crosses the API about models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.model_settings import ModelId, ProviderKind


class ModelShown(BaseModel):
    """A model behind an alias. Prices are US dollars for a million tokens; None: nobody has said them."""

    model_config = ConfigDict(frozen=True)

    id: str
    known: bool
    input_price: str | None
    output_price: str | None


class AliasShown(BaseModel):
    """An alias as a tenant has it; `own` says that the tenant has set it, in the place of the settings."""

    model_config = ConfigDict(frozen=True)

    alias: str
    own: bool
    models: list[ModelShown]
    changed_by: str | None = None
    changed_at: dt.datetime | None = None


class ProviderShown(BaseModel):
    """A provider of models, and whether it can be asked: nothing of its key is shown."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: ProviderKind
    has_key: bool
    keyless: bool


class ModelsShown(BaseModel):
    """The aliases of a tenant by name, and the providers of the installation."""

    model_config = ConfigDict(frozen=True)

    items: list[AliasShown]
    providers: list[ProviderShown]


class AliasTerms(BaseModel):
    """The models to put behind an alias: the first is tried first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Annotated[list[ModelId], Field(min_length=1, max_length=10)]
