"""Prices: those that are known offline, by whatever name, those of settings, and none that is guessed."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from pilothouse import Money
from pilothouse.model_settings import PriceTerms, ProviderTerms
from pilothouse.usage.pricing import Prices, estimated_tokens
from pilothouse.usage.schemas import Tokens
from pilothouse.usage.service import PriceUnknown
from support.clocks import ManualClock

FREE = PriceTerms(input="0", output="0")
OURS = PriceTerms(input="2.50", output="10", cache_read="0.5")


@pytest.mark.parametrize(
    ("route", "dollars"),
    [
        ("openai:gpt-4o", "0.0125"),
        ("openai:gpt-4o-2024-08-06", "0.0125"),
        ("openai:text-embedding-3-small", None),
        ("anthropic:claude-sonnet-4-5-20250929", "0.018"),
        ("bedrock:us.anthropic.claude-sonnet-4-20250514-v1:0", "0.018"),
        ("bedrock:eu.amazon.nova-lite-v1:0", "0.0003"),
        ("groq:llama-3.1-8b-instant", "0.00013"),
    ],
)
def test_known_models_cost_what_is_known(route: str, dollars: str | None) -> None:
    prices = Prices(providers={"groq": ProviderTerms(url="https://api.groq.com/openai/v1")})
    if dollars is None:  # it writes nothing, and what writing would cost is not known
        assert prices.cost(route, Tokens(1_000)).amount == Decimal("0.00002")
        with pytest.raises(PriceUnknown):
            prices.cost(route, Tokens(1_000, 1))
    else:
        assert prices.cost(route, Tokens(1_000, 1_000)) == Money(Decimal(dollars), "USD")


def test_tokens_of_a_cache_have_prices_of_their_own() -> None:
    cost = Prices().cost("anthropic:claude-sonnet-4-5", Tokens(1_000, 0, cache_read=600, cache_write=300))
    assert cost.amount == (100 * Decimal(3) + 600 * Decimal("0.3") + 300 * Decimal("3.75")) / 1_000_000


def test_a_long_input_changes_the_price_of_all_tokens() -> None:
    prices, route = Prices(), "anthropic:claude-sonnet-4-5"
    short, long = prices.cost(route, Tokens(200_000, 10)), prices.cost(route, Tokens(200_001, 10))
    assert short.amount == Decimal("0.6") + Decimal("0.00015")
    assert long.amount == (200_001 * Decimal(6) + 10 * Decimal("22.5")) / 1_000_000


def test_a_price_that_has_changed_is_the_one_of_the_day() -> None:
    clock = ManualClock(dt.datetime(2025, 6, 9, 23, 59, 30, tzinfo=dt.UTC))
    prices = Prices(clock=clock)
    assert prices.cost("openai:o3", Tokens(1_000_000)).amount == 10
    clock.advance(60)  # into 10 June 2025, when it became cheaper
    assert prices.cost("openai:o3", Tokens(1_000_000)).amount == 2


def test_settings_come_first_the_exact_name_before_the_longest_that_fits() -> None:
    given = {"openai:gpt-4o": OURS, "openai:gpt-*": FREE, "local:*": FREE, "local:big-*": OURS}
    prices = Prices(given)
    million = Tokens(1_000_000, 0, cache_read=500_000)
    found = {
        route: prices.cost(route, million).amount
        for route in ("openai:gpt-4o", "openai:gpt-9", "local:tiny", "local:big-one")
    }
    assert found == {
        "openai:gpt-4o": Decimal("1.5"),
        "openai:gpt-9": 0,
        "local:tiny": 0,
        "local:big-one": Decimal("1.5"),
    }
    assert prices.cost("local:big-one", Tokens(1_000_000, 0, 0, 500_000)).amount == Decimal("2.5")


@pytest.mark.parametrize(
    "route", ["openai:no-such-thing", "mycorp:gpt-4o", "nobody:gpt-4o", "bedrock:gpt-4o", "openai"]
)
def test_an_unknown_price_is_an_error_and_not_zero(route: str) -> None:
    prices = Prices(providers={"mycorp": ProviderTerms(url="http://10.0.0.1/v1")})
    with pytest.raises(PriceUnknown, match="model_prices") as unknown:
        prices.cost(route, Tokens(1))
    assert (unknown.value.code, unknown.value.status) == ("price_unknown", 422)


def test_a_provider_is_known_by_its_kind_and_by_its_address() -> None:
    prices = Prices(
        providers={
            "mine": ProviderTerms(kind="anthropic"),
            "proxy": ProviderTerms(kind="openai", url="http://10.0.0.1/v1"),
            "blue": ProviderTerms(kind="openai", url="https://blue.openai.azure.com/openai/v1"),
            "aws": ProviderTerms(kind="bedrock", region="eu-central-1"),
        }
    )
    for route in ("mine:claude-sonnet-4-5", "proxy:gpt-4o", "blue:gpt-4o", "aws:amazon.nova-lite-v1:0"):
        assert prices.cost(route, Tokens(10, 10)).amount > 0
    with pytest.raises(PriceUnknown):
        prices.cost("proxy:claude-sonnet-4-5", Tokens(10))


def test_who_is_at_an_address_is_known_by_settings_first_and_never_by_the_format_alone() -> None:
    prices = Prices(providers={"mine": ProviderTerms(url="http://10.0.0.1/v1")})
    found = {
        (name, address): prices.whose(name, address)
        for name, address in (
            ("openai", ""),
            ("openai", "https://api.openai.com/v1/"),
            ("bedrock", "https://bedrock-runtime.eu-central-1.amazonaws.com"),
            ("openai", "https://api.deepseek.com/v1"),
            ("openai", "http://10.0.0.1/v1/"),
            ("openai", "http://127.0.0.1:11434/v1"),
        )
    }
    assert list(found.values()) == ["openai", "openai", "bedrock", "deepseek", "mine", ""]


def test_a_provider_that_settings_do_not_have_costs_what_is_known_of_its_name() -> None:
    assert Prices().cost("google-gla:gemini-2.5-flash", Tokens(1_000_000)).amount == Decimal("0.3")
    taken = Prices(providers={"google-gla": ProviderTerms(url="http://10.0.0.1/v1")})
    with pytest.raises(PriceUnknown):
        taken.cost("google-gla:gemini-2.5-flash", Tokens(1_000_000))


def test_nothing_is_fetched() -> None:
    """Prices are found in a process that cannot open a socket, and none is fetched behind its back."""
    code = (
        "import socket, threading\n"
        "class Closed(socket.socket):\n"
        "    def connect(self, *_): raise AssertionError('network')\n"
        "socket.socket = Closed\n"
        "from pilothouse.usage.pricing import Prices\n"
        "from pilothouse.usage.schemas import Tokens\n"
        "print(Prices().cost('openai:gpt-4o', Tokens(1000)).amount, threading.active_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert [Decimal(word) for word in done.stdout.split()] == [Decimal("0.0025"), 1]


@pytest.mark.parametrize(
    "text",
    ["The quick brown fox. " * 50, '{"messages":[{"role":"user"}]}', "x" * 99, "12 + 3 = 15; " * 9, ""],
)
def test_the_estimate_is_a_bound_for_what_models_count(text: str) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    # a vocabulary of single bytes: the worst that byte-level BPE can do
    worst = tiktoken.Encoding(
        "bytes", pat_str=r"[\s\S]", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
    )
    assert len(worst.encode(text)) <= estimated_tokens(len(text))


@pytest.mark.timed
def test_a_known_route_takes_less_than_3_microseconds() -> None:
    prices, tokens = Prices(), Tokens(1_000, 100, 200)
    prices.cost("anthropic:claude-sonnet-4-5", tokens)

    def once() -> float:
        began = time.process_time()
        for _ in range(5_000):
            prices.cost("anthropic:claude-sonnet-4-5", tokens)
        return (time.process_time() - began) / 5_000

    assert min(once() for _ in range(10)) < 3e-6
