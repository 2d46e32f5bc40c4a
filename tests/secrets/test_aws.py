"""Secrets in AWS, against a server that speaks its protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pilothouse.resilience import Registry
from pilothouse.secrets.errors import SecretsUnavailable
from pilothouse.secrets.providers import aws
from pilothouse.secrets.providers.aws import Aws, AwsMissing
from pilothouse.secrets.providers.port import Keeper
from pilothouse.secrets.service import Secrets

numbers = count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(endpoint: str) -> Aws:
    return Aws(f"test-{next(numbers)}/", endpoint)


async def test_what_is_not_there_is_not_there(place: Aws) -> None:
    assert isinstance(place, Keeper)
    assert await place.read("pepper") == []
    assert await place.names() == []


async def test_versions_are_numbered_and_the_current_one_is_the_first(place: Aws) -> None:
    first = await place.add("provider/openai", b"one", first=True)
    assert first is not None
    assert (first.version, first.raw) == ("1", b"one")
    assert await place.add("provider/openai", b"again", first=True) is None
    second = await place.add("provider/openai", b"two")
    assert second is not None
    assert second.version == "2"
    assert "AWS Secrets Manager" in second.where
    await place.add("provider/openai", b"three")
    found = await place.read("provider/openai")
    assert [(held.version, held.raw) for held in found] == [("3", b"three"), ("2", b"two"), ("1", b"one")]
    assert all(held.since is not None for held in found)
    assert await place.names() == ["provider/openai"]


async def test_a_version_that_was_removed_is_not_used(place: Aws) -> None:
    for value in (b"one", b"two", b"three"):
        await place.add("smtp_password", value)
    await place.remove("smtp_password", "1")
    assert [held.version for held in await place.read("smtp_password")] == ["3", "2"]


async def test_what_aws_has_rotated_itself_is_named_by_its_id(place: Aws, endpoint: str) -> None:
    client = boto3.client("secretsmanager", endpoint_url=endpoint)
    name = place._id("database_password")
    client.create_secret(Name=name, SecretBinary=b"bytes")
    rotated = client.put_secret_value(SecretId=name, SecretString="text")["VersionId"]
    client.put_secret_value(SecretId=name, SecretString="pending", VersionStages=["AWSPENDING"])
    found = await place.read("database_password")
    assert [held.raw for held in found] == [b"text", b"bytes"]
    assert found[0].version == rotated


async def test_the_chain_uses_it(place: Aws) -> None:
    await place.add("smtp_password", b"mail")
    [secret] = await Secrets([place]).versions("smtp_password")
    assert (secret.reveal(), secret.version) == (b"mail", "1")


async def test_an_aws_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "CONNECT_SECONDS", 0.2)
    with pytest.raises(SecretsUnavailable, match="does not answer: EndpointConnectionError"):
        await Aws("x/", "http://127.0.0.1:9").read("pepper")


async def test_an_aws_that_keeps_failing_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "CONNECT_SECONDS", 0.2)
    registry = Registry()
    place = Aws("x/", "http://127.0.0.1:9", resilience=registry)
    for _ in range(3):  # with two attempts each
        with pytest.raises(SecretsUnavailable, match=r"does not answer|is not asked"):
            await place.read("pepper")
    with pytest.raises(SecretsUnavailable, match="is not asked, or is too slow: aws/secretsmanager is left"):
        await place.read("pepper")
    assert registry.dependency("aws/secretsmanager").attempts == 5


async def test_what_is_not_there_is_no_failure_of_aws(endpoint: str) -> None:
    registry = Registry()
    place = Aws("nothing/", endpoint, resilience=registry)
    for _ in range(12):
        assert await place.read("pepper") == []
    assert registry.dependency("aws/secretsmanager").breaker.snapshot().counts.failed == 0
    assert place._client.meta.config.retries["total_max_attempts"] == 1


async def test_an_aws_that_refuses_is_told_with_its_code(
    place: Aws, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.add("pepper", b"x")
    with pytest.raises(
        SecretsUnavailable, match=r"refuses: InvalidParameterException|refuses: InvalidRequest"
    ):
        await place._ask(
            lambda client: client.delete_secret(SecretId=place._id("pepper"), RecoveryWindowInDays=1)
        )


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(AwsMissing, match=r"pilothouse\[aws\]"):
        Aws("x/")
