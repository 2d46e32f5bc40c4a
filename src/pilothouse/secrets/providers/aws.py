"""Secrets in AWS Secrets Manager: one secret for each name, below a prefix, with its versions.

Versions made here have a number in their id; others, such as those that AWS itself has rotated, are called by
their id. A staging label `pilothouse-<version>` keeps AWS from deleting the older ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pilothouse.errors import Category, PilothouseError
from pilothouse.resilience import (
    BreakerTerms,
    DeadlineExceeded,
    Refused,
    Registry,
    RetryTerms,
    Terms,
)
from pilothouse.secrets.errors import SecretsUnavailable
from pilothouse.secrets.providers.port import Held, greater

T = TypeVar("T")

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
LABEL = "pilothouse-"
_IDS = "70686f75-7365-4000-8000-"

CONNECT_SECONDS, READ_SECONDS = 2, 4

TERMS = Terms(
    deadline=15.0,
    retry=RetryTerms(attempts=2, first=0.2, longest=2.0),
    breaker=BreakerTerms(open_for=15.0),
)
"""Secrets are read when something waits for them: one more attempt, soon."""

_ABSENT = {"ResourceNotFoundException"}


class AwsMissing(PilothouseError):
    """AWS cannot be asked without the extra `aws`."""

    code = "aws_missing"
    category = Category.USER


class Aws:
    """Reads and writes the secrets below `prefix` in one region; credentials are those that boto3 finds."""

    def __init__(
        self, prefix: str, endpoint: str | None = None, *, resilience: Registry | None = None
    ) -> None:
        """Ask `endpoint` in place of AWS, where it is named. Raises `AwsMissing`."""
        registry = Registry() if resilience is None else resilience
        self._aws = registry.dependency("aws/secretsmanager", TERMS)
        self.where = f"AWS Secrets Manager ({prefix}...)"
        self._prefix = prefix
        self._endpoint = endpoint
        self._client: Any = None
        try:
            import boto3  # noqa: F401 - whether it is there
        except ImportError as error:
            raise AwsMissing(hint="Install it: pip install 'pilothouse[aws]'.") from error

    def stamp(self) -> object:
        """Nothing tells of a change."""
        return None

    async def read(self, name: str) -> Sequence[Held]:
        """The versions that carry a label, the current one first."""
        return await self._ask(lambda client: self._read(client, name)) or []

    async def names(self) -> Sequence[str]:
        """The secrets below the prefix."""
        return await self._ask(self._names) or []

    async def add(self, name: str, raw: bytes, *, first: bool = False) -> Held | None:
        """Put a version, which becomes the current one, and make the secret where it is not there."""
        return await self._ask(lambda client: self._add(client, name, raw, first), idempotent=False)

    async def remove(self, name: str, version: str) -> None:
        """Take a version's labels; AWS then deletes it."""
        await self._ask(lambda client: self._remove(client, name, version))

    def _read(self, client: Any, name: str) -> list[Held]:
        labels = client.describe_secret(SecretId=self._id(name)).get("VersionIdsToStages", {})
        found = []
        for version_id in (item for item, said in labels.items() if set(said) - {PENDING}):
            answer = client.get_secret_value(SecretId=self._id(name), VersionId=version_id)
            text = answer.get("SecretString")
            raw = answer["SecretBinary"] if text is None else text.encode()
            made_at = answer["CreatedDate"].astimezone(dt.UTC)
            where = f"{self._id(name)} in AWS Secrets Manager"
            order = (CURRENT in labels[version_id], made_at, version_id)
            found.append((order, Held(_name(version_id), raw, where, made_at)))
        return [held for _, held in sorted(found, key=lambda item: item[0], reverse=True)]

    def _names(self, client: Any) -> list[str]:
        pages = _pages(client.list_secrets, Filters=[{"Key": "name", "Values": [self._prefix]}])
        found = [item["Name"] for page in pages for item in page["SecretList"]]
        return [name.removeprefix(self._prefix) for name in found if name.startswith(self._prefix)]

    def _add(self, client: Any, name: str, raw: bytes, first: bool) -> Held | None:
        said = {"SecretString": raw.decode(), "ClientRequestToken": _id_of("1")}
        there: list[Held] = []
        try:
            client.create_secret(Name=self._id(name), Description="Used by Pilothouse.", **said)
        except client.exceptions.ResourceExistsException:
            there = self._read(client, name)
            if there and first:
                return None
            # Somebody who puts the same number at the same time is refused by its id.
            said["ClientRequestToken"] = _id_of(greater(there))
            client.put_secret_value(SecretId=self._id(name), **said)
        current = _name(said["ClientRequestToken"])
        labels = client.describe_secret(SecretId=self._id(name))["VersionIdsToStages"]
        for version in (current, *(held.version for held in there)):
            if LABEL + version not in labels.get(_id_of(version), ()):
                self._label(client, name, version)
        return self._read(client, name)[0]

    def _remove(self, client: Any, name: str, version: str) -> None:
        labels = client.describe_secret(SecretId=self._id(name))["VersionIdsToStages"]
        version_id = _id_of(version)
        for label in set(labels.get(version_id, ())) - {CURRENT}:
            client.update_secret_version_stage(
                SecretId=self._id(name), VersionStage=label, RemoveFromVersionId=version_id
            )

    def _label(self, client: Any, name: str, version: str) -> None:
        """Keep AWS from deleting a version: by itself it labels only the current one and the one before."""
        client.update_secret_version_stage(
            SecretId=self._id(name), VersionStage=LABEL + version, MoveToVersionId=_id_of(version)
        )

    def _id(self, name: str) -> str:
        return self._prefix + name

    async def _ask(self, work: Callable[[Any], T], *, idempotent: bool = True) -> T | None:
        """Ask AWS in a thread; None where it has not what was asked for. Raises `SecretsUnavailable`."""
        from botocore.exceptions import BotoCoreError, ClientError

        def asked() -> T:
            if self._client is None:
                self._client = self._connected()
            return work(self._client)

        try:
            return await self._aws.in_thread(asked, idempotent=idempotent)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            if code in _ABSENT:
                return None
            raise SecretsUnavailable(
                f"AWS Secrets Manager refuses: {code}.",
                hint="The role needs secretsmanager:DescribeSecret and GetSecretValue; see the guide.",
            ) from error
        except BotoCoreError as error:
            raise SecretsUnavailable(
                f"AWS Secrets Manager does not answer: {type(error).__name__}.",
                hint="Check the region, the credentials and the network.",
            ) from error
        except (Refused, DeadlineExceeded) as error:
            raise SecretsUnavailable(
                f"AWS Secrets Manager is not asked, or is too slow: {error.message}",
                hint="`pilothouse breakers` shows since when and why.",
            ) from error

    def _connected(self) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1},  # ours are the only ones
        )
        return boto3.session.Session().client("secretsmanager", endpoint_url=self._endpoint, config=config)


def _id_of(version: str) -> str:
    """The version id that AWS is told for a number; other versions are called by their id."""
    return f"{_IDS}{int(version):012d}" if version.isdigit() else version


def _name(version_id: str) -> str:
    """The number of a version that was made here, or its id."""
    return str(int(version_id.removeprefix(_IDS))) if version_id.startswith(_IDS) else version_id


def _pages(ask: Callable[..., Mapping[str, Any]], **said: Any) -> list[Mapping[str, Any]]:
    """All pages of a list."""
    pages = [ask(**said)]
    while token := pages[-1].get("NextToken"):
        pages.append(ask(**said, NextToken=token))
    return pages
