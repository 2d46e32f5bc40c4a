"""Settings: from `PILOTHOUSE_...` variables, `.env` and `pilothouse.toml`, checked all at once."""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import TomlConfigSettingsSource as TomlSource

from pilothouse.errors import SettingsInvalid

PREFIX = "PILOTHOUSE_"
CONFIG_VARIABLE = "PILOTHOUSE_CONFIG"
CONFIG_NAME = "pilothouse.toml"

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class LogFormat(StrEnum):
    """How log lines look; `auto` is readable in a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    READABLE = "readable"


class LogLevel(StrEnum):
    """The least severe log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """Everything that can be set. A variable beats `.env`, which beats the TOML file.

    Without `database_url` PostgreSQL is started privately in the `data` folder. Where that URL leads through
    a transaction pooler, `database_direct_url` leads past it, and statements are not kept on the server
    unless `database_prepare` says that the pooler can do that. Times are in seconds.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="forbid", frozen=True, validate_default=True
    )

    data: Path | None = None
    database_url: str | None = None
    database_direct_url: str | None = None
    database_prepare: bool | None = None
    database_connections: Annotated[int, Field(ge=1, le=1_000)] = 10
    database_patience: Seconds = 5.0
    database_statement_timeout: Seconds = 15.0
    database_silence: Annotated[float, Field(ge=1, le=3_600)] = 20.0
    live_connections: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    live_heartbeat: Annotated[float, Field(gt=0, le=300)] = 10.0
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    otlp_endpoint: str | None = None
    traces_per_second: Annotated[float, Field(ge=0, le=1_000)] = 2.0
    worker_slots: Annotated[int, Field(ge=1, le=10_000)] = 50
    worker_labels: dict[str, str] = Field(default_factory=dict)
    worker_lease: Seconds = 15.0
    worker_grace: Seconds = 2.0
    worker_heartbeat: Seconds = 0.5
    step_timeout: Seconds = 300.0
    step_threads: Annotated[int, Field(ge=1, le=1_000)] = 16
    stall_timeout: Seconds = 60.0
    drain_timeout: Seconds = 10.0
    max_body_bytes: Annotated[int, Field(ge=1_024, le=1 << 30)] = 2_000_000
    artifacts_url: str | None = None
    payload_inline_bytes: Annotated[int, Field(ge=1_024, le=16 << 20)] = 256 << 10
    payload_max_bytes: Annotated[int, Field(ge=1_024, le=512 << 20)] = 64 << 20

    backup_to: str | None = None
    backup_every: Annotated[float, Field(ge=60, le=30 * 86_400)] = 86_400.0
    backup_keep: Annotated[int, Field(ge=1, le=1_000)] = 7
    wal_archive: Path | None = None
    wal_archive_timeout: Annotated[int, Field(ge=1, le=300)] = 240

    @property
    def sessions_url(self) -> str | None:
        """Where sessions of their own are opened: to listen, to hold a lock, to migrate, to dump."""
        return self.database_direct_url or self.database_url

    @property
    def prepares(self) -> bool:
        """Whether statements may be kept on the server."""
        return self.database_direct_url is None if self.database_prepare is None else self.database_prepare

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _is_postgresql(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            message = "is no PostgreSQL URL: it starts with postgresql://"
            raise ValueError(message)
        return url

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            message = "is no address of a collector: it starts with http:// or https://"
            raise ValueError(message)
        return url

    @field_validator("artifacts_url")
    @classmethod
    def _is_object_store(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("s3://", "gs://", "az://", "file:///")):
            message = "is no place for artifacts: it starts with s3://, gs://, az:// or file:///"
            raise ValueError(message)
        return url

    @field_validator("backup_to")
    @classmethod
    def _holds_no_secret(cls, where: str | None) -> str | None:
        if where is not None and "://" in where and ("@" in where or "?" in where):
            message = "holds credentials: set those of the bucket by its own variables"
            raise ValueError(message)
        return where

    @field_validator("database_direct_url")
    @classmethod
    def _leads_past_something(cls, url: str | None, said: ValidationInfo) -> str | None:
        if url is not None and said.data.get("database_url", "wrong") is None:
            message = "is for those who set database_url"
            raise ValueError(message)
        return url

    @field_validator("host")
    @classmethod
    def _is_loopback(cls, host: str) -> str:
        if not is_loopback(host):
            message = (
                "is not a loopback address. There is no authentication yet, so Pilothouse serves "
                "127.0.0.1, ::1 or localhost only"
            )
            raise ValueError(message)
        return host

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was said on the command line, then variables, then `.env`, then the TOML file."""
        toml = TomlSource(settings_cls, _config_file())
        if isinstance(dotenv_settings, DotEnvSettingsSource):  # which other programs use, too
            found = dotenv_settings.env_vars.items()
            dotenv_settings.env_vars = {name: said for name, said in found if _is_ours(name)}
        return init_settings, env_settings, dotenv_settings, toml


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(**said: Any) -> Settings:
    """The settings, with what was `said` on the command line (None: not said) before everything else.

    Raises `SettingsInvalid` that names every wrong or unknown value and where it stands.
    """
    wrong = [*_missing_file(), *_unknown_variables()]
    try:
        settings = Settings(**{name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        wrong += [_explain(dict(item)) for item in error.errors(include_url=False)]
    except tomllib.TOMLDecodeError as error:
        wrong.append(f"{_config_file()} is no valid TOML: {error}")
    except OSError as error:
        wrong.append(f"{_config_file()} cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        wrong.append(f"a settings file is not UTF-8 text: {error}")
    else:
        if not wrong:
            return settings
    lines = "\n".join(f"  - {line}" for line in wrong)
    raise SettingsInvalid(f"The settings are not usable:\n{lines}", hint="\nCorrect them and start again.")


def _config_file() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE, CONFIG_NAME))


def _missing_file() -> list[str]:
    """What is wrong with a settings file that was named: the default one may be missing."""
    if CONFIG_VARIABLE not in os.environ or _config_file().is_file():
        return []
    return [f"{CONFIG_VARIABLE} names {_config_file()}, which is no file"]


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _known() -> set[str]:
    return {PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG_VARIABLE}


def _unknown_variables() -> list[str]:
    known = _known()
    return [
        _unknown(name, known) for name in sorted(os.environ) if _is_ours(name) and name.upper() not in known
    ]


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "")


def _explain(item: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return _unknown(name.upper(), _known()) if _is_ours(name) else _unknown(name, Settings.model_fields)
    value = "" if "url" in name or name == "backup_to" else f" (is {str(item['input'])[:80]!r})"
    return f"{name}{value}: {item['msg'].removeprefix('Value error, ')}"
