"""Master keys: what wraps the keys of tenants. They are a secret of the installation, or a key in AWS KMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from pilothouse.errors import Category, PilothouseError, Unavailable
from pilothouse.kit import cipher
from pilothouse.kit.secret import SecretSource
from pilothouse.resilience import (
    BreakerTerms,
    DeadlineExceeded,
    Refused,
    Registry,
    RetryTerms,
    Terms,
)

SECRET = "vault_key"  # noqa: S105 - the name of a secret
LOCAL, KMS = "local:", "kms:"
_PURPOSE = "vault master"

TERMS = Terms(
    deadline=20.0,
    retry=RetryTerms(attempts=3, first=0.2, longest=2.0),
    breaker=BreakerTerms(open_for=15.0),
)
"""For AWS KMS. Wrapping and unwrapping may be done twice: what was wrapped and not used is nothing."""


class MasterMissing(PilothouseError):
    """The master key that wraps a tenant's key is not here."""

    code = "master_key_missing"
    category = Category.USER


class MasterUnavailable(Unavailable):
    """The service that holds the master key does not answer."""

    code = "master_key_unavailable"


class Wrapped(NamedTuple):
    """A wrapped key, and the name of the master key that unwraps it."""

    wrapping: str
    key: bytes


class Master(Protocol):
    """Wraps keys for a place: whoever unwraps one has to say the same."""

    async def current(self) -> str:
        """The name of the master key that wraps from now on."""
        ...

    async def wrap(self, key: bytes, tenant_id: str, version: int) -> Wrapped:
        """`key` wrapped by the current master key."""
        ...

    async def unwrap(self, wrapped: Wrapped, tenant_id: str, version: int) -> bytes:
        """The key again; raises `MasterMissing` and `MasterUnavailable`."""
        ...


class LocalMaster:
    """Master keys that are versions of the secret `vault_key`: the newest wraps, all of them unwrap.

    `forget` makes the source read the secret anew, where a version is needed that it does not know yet.
    """

    def __init__(self, secrets: SecretSource, forget: Callable[[str], None] | None = None) -> None:
        """Nothing is read before a key is wrapped."""
        self._secrets = secrets
        self._forget = forget

    async def current(self) -> str:
        """The newest version."""
        return LOCAL + (await self._secrets.versions(SECRET))[0].version

    async def wrap(self, key: bytes, tenant_id: str, version: int) -> Wrapped:
        """`key` sealed with the newest version."""
        newest = (await self._secrets.versions(SECRET))[0]
        wrapping = cipher.derived(newest.reveal(), _PURPOSE)
        return Wrapped(LOCAL + newest.version, cipher.seal(wrapping, _place(tenant_id, version), key))

    async def unwrap(self, wrapped: Wrapped, tenant_id: str, version: int) -> bytes:
        """The key again; raises `MasterMissing` where its version is not among those of the secret."""
        name = wrapped.wrapping.removeprefix(LOCAL)
        found = await self._version(name)
        if found is None and self._forget is not None:
            self._forget(SECRET)
            found = await self._version(name)
        if found is None:
            raise MasterMissing(
                f"The keys of tenant {tenant_id} are wrapped by version {name} of the secret {SECRET}, "
                "which is not here.",
                hint="Put that version back, as docs/guides/vault.md tells.",
            )
        try:
            return cipher.unseal(cipher.derived(found, _PURPOSE), _place(tenant_id, version), wrapped.key)
        except cipher.Tampered:
            raise MasterMissing(
                f"Version {name} of the secret {SECRET} is not the one that wrapped the keys of {tenant_id}.",
                hint="Put back the one that did, as docs/guides/vault.md tells.",
            ) from None

    async def _version(self, name: str) -> bytes | None:
        versions = await self._secrets.versions(SECRET)
        return next((secret.reveal() for secret in versions if secret.version == name), None)


class KmsMaster:
    """A master key that never leaves AWS KMS. Credentials and region are those that boto3 finds."""

    def __init__(self, key: str, endpoint: str | None = None, *, resilience: Registry | None = None) -> None:
        """`key` is an id, an ARN or an alias. `endpoint` is asked in place of AWS, where it is named."""
        registry = Registry() if resilience is None else resilience
        self._aws = registry.dependency("aws/kms", TERMS)
        self._key = key
        self._endpoint = endpoint
        self._client: Any = None

    async def current(self) -> str:
        """The key that is set."""
        return KMS + self._key

    async def wrap(self, key: bytes, tenant_id: str, version: int) -> Wrapped:
        """`key` encrypted by KMS, which is told for what; raises `MasterUnavailable`."""
        said = {"KeyId": self._key, "Plaintext": key, "EncryptionContext": _context(tenant_id, version)}
        answer = await self._ask("encrypt", said)
        return Wrapped(KMS + self._key, answer["CiphertextBlob"])

    async def unwrap(self, wrapped: Wrapped, tenant_id: str, version: int) -> bytes:
        """The key again; raises `MasterUnavailable`, `MasterMissing` where KMS has no such key or denies."""
        said = {
            "KeyId": wrapped.wrapping.removeprefix(KMS),
            "CiphertextBlob": wrapped.key,
            "EncryptionContext": _context(tenant_id, version),
        }
        answer = await self._ask("decrypt", said)
        return bytes(answer["Plaintext"])

    async def _ask(self, operation: str, said: dict[str, Any]) -> Any:
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise MasterMissing(
                "AWS KMS cannot be asked without the extra `aws`.",
                hint="Install it: pip install 'pilothouse[aws]'.",
            ) from error
        try:
            return await self._aws.in_thread(lambda: self._asked(operation, said))
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            known = MasterMissing if code in _FINAL else MasterUnavailable
            raise known(
                f"AWS KMS does not {operation} with {self._key}: {error}",
                hint="Check the key's state and policy, and that this process may use it.",
            ) from error
        except BotoCoreError as error:
            raise MasterUnavailable(f"AWS KMS does not answer: {error}") from error
        except (Refused, DeadlineExceeded) as error:
            raise MasterUnavailable(
                f"AWS KMS is not asked, or is too slow: {error.message}",
                hint="`pilothouse breakers` shows since when and why.",
            ) from error

    def _asked(self, operation: str, said: dict[str, Any]) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            once = {"total_max_attempts": 1}  # ours are the only retries
            config = Config(connect_timeout=2, read_timeout=4, retries=once)
            self._client = boto3.client("kms", endpoint_url=self._endpoint, config=config)
        return getattr(self._client, operation)(**said)


_FINAL = frozenset(
    {"NotFoundException", "DisabledException", "InvalidCiphertextException", "AccessDeniedException"}
    | {"IncorrectKeyException", "KMSInvalidStateException", "InvalidKeyUsageException"}
)
"""What KMS answers where asking again does not help."""


class Masters:
    """The master keys of this installation: each key is unwrapped by what wrapped it, whatever wraps now."""

    def __init__(
        self, local: LocalMaster, kms: str | None = None, *, asked: Callable[[str], KmsMaster] = KmsMaster
    ) -> None:
        """`kms` is a key in KMS that wraps from now on; `asked` makes what asks KMS with a key."""
        self._local = local
        self._asked = asked
        self._kms = asked(kms) if kms else None

    async def current(self) -> str:
        """The name of the master key that wraps from now on."""
        return await (self._kms or self._local).current()

    async def wrap(self, key: bytes, tenant_id: str, version: int) -> Wrapped:
        """`key` wrapped by the current master key."""
        return await (self._kms or self._local).wrap(key, tenant_id, version)

    async def unwrap(self, wrapped: Wrapped, tenant_id: str, version: int) -> bytes:
        """The key again; raises `MasterMissing` and `MasterUnavailable`."""
        if wrapped.wrapping.startswith(LOCAL):
            return await self._local.unwrap(wrapped, tenant_id, version)
        kms = self._kms or self._asked(wrapped.wrapping.removeprefix(KMS))
        return await kms.unwrap(wrapped, tenant_id, version)


def _place(tenant_id: str, version: int) -> bytes:
    return cipher.bound(tenant_id, str(version))


def _context(tenant_id: str, version: int) -> dict[str, str]:
    return {"tenant": tenant_id, "version": str(version)}
