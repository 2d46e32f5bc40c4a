"""Settings: from `PILOTHOUSE_...` variables, `.env` and `pilothouse.toml`, checked all at once."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import TomlConfigSettingsSource as TomlSource

from pilothouse.errors import SettingsInvalid
from pilothouse.model_settings import (
    Alias,
    GatewayTerms,
    LadderTerms,
    ModelId,
    PriceTerms,
    ProviderName,
    ProviderTerms,
)

PREFIX = "PILOTHOUSE_"
SECRET_PREFIX = "PILOTHOUSE_SECRET_"  # noqa: S105 - secrets are no settings: `secrets` reads these variables
CONFIG_VARIABLE = "PILOTHOUSE_CONFIG"
CONFIG_NAME = "pilothouse.toml"

MAIL_FROM = r"^([^\s@<>]+@[^\s@<>]+|[^@<>\r\n]{1,100} <[^\s@<>]+@[^\s@<>]+>)$"
_ORIGIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[1-9][0-9]{0,4})?")

HOST_NAME = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^[0-9a-f:]{2,45}$"
ROLE = r"^(viewer|operator|author|admin|approver(:[a-z][a-z0-9_-]{0,62})?)$"
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Url = Annotated[str | None, Field(repr=False)]  # it may hold a password


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
    unless `database_prepare` says that the pooler can do that. Where its login does not own the schema,
    `database_owner_url` has the login that does. Times are in seconds.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="forbid", frozen=True, validate_default=True
    )

    data: Path | None = None
    database_url: Url = None
    database_direct_url: Url = None
    database_owner_url: Url = None
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
    log_addresses: Literal["masked", "whole"] = "masked"
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    otlp_endpoint: Url = None
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
    stop_when_idle: Seconds | None = None
    max_body_bytes: Annotated[int, Field(ge=1_024, le=1 << 30)] = 2_000_000
    json_depth: Annotated[int, Field(ge=2, le=100)] = 10
    upload_max_bytes: Annotated[int, Field(ge=1_024, le=1 << 40)] = 2_000_000_000
    upload_tenant_bytes: Annotated[int, Field(ge=0, le=1 << 50)] = 100_000_000_000
    uploads_at_once: Annotated[int, Field(ge=0, le=10_000)] = 4
    uploads_at_once_of_tenant: Annotated[int, Field(ge=0, le=100_000)] = 16
    queued_runs: Annotated[int, Field(ge=0, le=1_000_000_000)] = 100_000
    hosts: tuple[Annotated[str, Field(pattern=HOST_NAME)], ...] = ()
    session_idle: Annotated[float, Field(ge=60, le=30 * 86_400)] = 12 * 3_600.0
    session_longest: Annotated[float, Field(ge=300, le=90 * 86_400)] = 7 * 86_400.0
    refresh_longest: Annotated[float, Field(ge=600, le=365 * 86_400)] = 30 * 86_400.0
    oidc_issuer: str | None = None
    oidc_client_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    oidc_client: Literal["confidential", "public"] = "confidential"
    oidc_scopes: Annotated[str, Field(pattern=r"^openid( [!-~]+)*$")] = "openid email profile"
    oidc_groups_claim: Annotated[str, Field(min_length=1, max_length=100)] = "cognito:groups"
    oidc_roles: dict[str, tuple[Annotated[str, Field(pattern=ROLE)], ...]] = Field(default_factory=dict)
    oidc_tenant: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = "default"
    oidc_tenant_claim: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    cors_origins: tuple[str, ...] = ()
    guards: Path | None = None
    guards_names_model: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_client: Literal["required", "optional"] = "required"
    trusted_proxies: tuple[str, ...] = ()
    proxy_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    redis_url: SecretStr | None = None
    limits_without_redis: Literal["local", "open", "closed"] = "local"
    limit_address: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    limit_address_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    limit_user: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    limit_user_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 150
    limit_user_hour: Annotated[int, Field(ge=0, le=10_000_000)] = 1_000
    limit_key: Annotated[int, Field(ge=0, le=1_000_000)] = 600
    limit_tenant: Annotated[int, Field(ge=0, le=10_000_000)] = 6_000
    limit_costly: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    limit_costly_block: Annotated[int, Field(ge=0, le=86_400)] = 300
    requests_at_once: Annotated[int, Field(ge=1, le=100_000)] = 500
    shed_lag: Annotated[float, Field(ge=0.01, le=60)] = 0.2
    shed_memory: Annotated[float, Field(ge=0.1, le=1)] = 0.8
    shed_exhausted: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    shed_queue_age: Annotated[float, Field(ge=1, le=30 * 86_400)] = 900.0
    head_timeout: Annotated[float, Field(gt=0, le=300)] = 10.0
    body_timeout: Annotated[float, Field(gt=0, le=3_600)] = 20.0
    body_rate: Annotated[int, Field(ge=1, le=1 << 30)] = 10_000
    write_timeout: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    keep_alive_timeout: Annotated[int, Field(ge=1, le=3_600)] = 10
    idle_connections: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    idle_connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = 256
    outgoing_private: tuple[str, ...] = ()
    secrets_from: tuple[Literal["environment", "files", "aws"], ...] = ("environment", "files")
    secrets_folder: Path | None = None
    secrets_aws_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{0,200}$")] = "pilothouse/"
    vault_kms_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9/:_-]{1,2048}$")] | None = None
    vault_everything: bool = False
    api_key: SecretStr | None = None
    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = "production"
    key_environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")] = "live"
    public_url: str | None = None
    mail_url: Url = None
    mail_from: Annotated[str, Field(max_length=254, pattern=MAIL_FROM)] | None = None
    approval_links: bool = False
    sign_in_failures: Annotated[int, Field(ge=2, le=100)] = 5
    sign_in_address_failures: Annotated[int, Field(ge=2, le=10_000)] = 20
    password_hashes: Annotated[int, Field(ge=1, le=64)] = 2
    artifacts_url: Url = None
    payload_inline_bytes: Annotated[int, Field(ge=1_024, le=16 << 20)] = 256 << 10
    payload_max_bytes: Annotated[int, Field(ge=1_024, le=512 << 20)] = 64 << 20

    app_options: Mapping[str, Mapping[str, str]] = {}
    resilience: Mapping[str, Mapping[str, JsonValue]] = {}

    providers: dict[ProviderName, ProviderTerms] = Field(default_factory=dict)
    models: dict[Alias, Annotated[tuple[ModelId, ...], Field(min_length=1, max_length=10)]] = Field(
        default_factory=dict
    )
    model_prices: dict[ModelId, PriceTerms] = Field(default_factory=dict)
    ladders: dict[str, LadderTerms] = Field(default_factory=dict)
    usage_keep_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    gateway: GatewayTerms = GatewayTerms()

    audit_publish_to: tuple[str, ...] = ()
    audit_lock_days: Annotated[int, Field(ge=1, le=36_500)] = 365
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
    def owner_url(self) -> str | None:
        """Where the schema is changed and dumped, past any pooler: as the login that owns it."""
        return self.database_owner_url or self.sessions_url

    @property
    def prepares(self) -> bool:
        """Whether statements may be kept on the server."""
        return self.database_direct_url is None if self.database_prepare is None else self.database_prepare

    @field_validator("database_url", "database_direct_url", "database_owner_url")
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

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "http://localhost")
        beyond = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or beyond:
            message = "is no address of this installation: write it as https://pilothouse.example.com"
            raise ValueError(message)
        return url

    @field_validator("mail_url")
    @classmethod
    def _is_a_mail_server(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "smtp://localhost")
        beyond = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0 or beyond:
            message = "is no mail server: write it as smtps://login@mail.example.com"
            raise ValueError(message)
        if parts.password is not None:
            message = "holds a password: keep it as the secret smtp_password"
            raise ValueError(message)
        return url

    @field_validator("mail_from")
    @classmethod
    def _has_a_server(cls, sender: str | None, said: ValidationInfo) -> str | None:
        if (sender is None) != (said.data.get("mail_url") is None):
            message = "and mail_url are set together"
            raise ValueError(message)
        return sender

    @field_validator("artifacts_url")
    @classmethod
    def _is_object_store(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("s3://", "gs://", "az://", "file:///")):
            message = "is no place for artifacts: it starts with s3://, gs://, az:// or file:///"
            raise ValueError(message)
        return url

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        for origin in said:
            if not _ORIGIN.fullmatch(origin) or origin.endswith((":80", ":443")):
                message = f"names {origin[:80]!r}, which is no origin: write it as https://name[:port]"
                raise ValueError(message)
        return said

    @field_validator("tls_key", "tls_client_ca")
    @classmethod
    def _have_a_certificate(cls, path: Path | None, said: ValidationInfo) -> Path | None:
        certified = said.data.get("tls_cert") is not None
        if certified != (path is not None) and (said.field_name == "tls_key" or path is not None):
            message = "and tls_cert are set together"
            raise ValueError(message)
        return path

    @field_validator("key_environment")
    @classmethod
    def _is_no_other_credential(cls, name: str) -> str:
        if name == "local":
            message = "is taken: ph_local_... is what programs of this machine send"
            raise ValueError(message)
        return name

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://")):
            message = "is no address of a Redis: it starts with redis:// or rediss://"
            raise ValueError(message)
        return url

    @field_validator("outgoing_private", "trusted_proxies")
    @classmethod
    def _are_networks(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        for item in said:
            ipaddress.ip_network(item, strict=False)
        return said

    @field_validator("audit_publish_to")
    @classmethod
    def _are_places(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        for where in said:
            parts = urlsplit(where)
            if parts.username or parts.password or parts.scheme not in {"", "s3", "http", "https"}:
                message = "names no folder, s3://bucket/prefix or web address without credentials"
                raise ValueError(message)
        return said

    @field_validator("backup_to")
    @classmethod
    def _holds_no_secret(cls, where: str | None) -> str | None:
        if where is not None and "://" in where and ("@" in where or "?" in where):
            message = "holds credentials: set those of the bucket by its own variables"
            raise ValueError(message)
        return where

    @field_validator("database_direct_url", "database_owner_url")
    @classmethod
    def _leads_past_something(cls, url: str | None, said: ValidationInfo) -> str | None:
        if url is not None and said.data.get("database_url", "wrong") is None:
            message = "is for those who set database_url"
            raise ValueError(message)
        return url

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://localhost")
        beyond = parts.query or parts.fragment or parts.username or parts.password or not parts.hostname
        plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if beyond or not (parts.scheme == "https" or plain):
            message = "is no OpenID Connect issuer: it starts with https://"
            raise ValueError(message)
        return url

    @field_validator("oidc_client_id")
    @classmethod
    def _has_an_issuer(cls, client: str | None, said: ValidationInfo) -> str | None:
        if (client is None) != (said.data.get("oidc_issuer") is None):
            message = "and oidc_issuer are set together"
            raise ValueError(message)
        return client

    @field_validator("trusted_proxies")
    @classmethod
    def _is_safe_to_reach(cls, proxies: tuple[str, ...], said: ValidationInfo) -> tuple[str, ...]:
        host = said.data.get("host", "127.0.0.1")
        if not is_loopback(host) and said.data.get("tls_cert") is None and not proxies:
            message = (
                f"and tls_cert are not set, and host ({host[:80]!r}) is no loopback address: credentials "
                "would cross the network in the clear. Set tls_cert and tls_key, or trusted_proxies where a "
                "proxy does TLS"
            )
            raise ValueError(message)
        return proxies

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
    return name.upper().startswith(PREFIX) and not name.upper().startswith(SECRET_PREFIX)


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
