"""What health tells of models."""

from __future__ import annotations

from llm.asking import KEY, Keys, compatible
from pilothouse.health.schemas import Condition
from pilothouse.llm.condition import examined
from pilothouse.model_settings import ProviderTerms


async def test_no_models_are_no_failure() -> None:
    found = await examined({}, Keys())
    assert found.status is Condition.ABSENT
    assert "experts answer" in found.detail


async def test_providers_without_a_key_are_named() -> None:
    own = compatible("http://x/v1")
    local = ProviderTerms(url="http://y/v1", keyless=True)
    assert (await examined({"one": own, "local": local}, Keys(one=KEY))).status is Condition.WELL
    found = await examined({"one": own, "local": local, "two": own}, Keys(one=KEY))
    assert found.status is Condition.DEGRADED
    assert found.detail.endswith("Missing secrets: provider/two.")
    assert found.figures == {"providers": 3.0, "without_key": 1.0}
