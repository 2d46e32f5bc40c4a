"""What calls to models cost: prices that genai-prices knows, offline, and those that settings name.

Nothing is fetched: the prices are those of the installed package. What is found for a route is kept, so that
a known route takes about two microseconds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.money import Money
from pilothouse.model_settings import PriceTerms, ProviderKind, ProviderTerms
from pilothouse.usage.errors import PriceUnknown
from pilothouse.usage.schemas import Tokens

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1_000)
MOST = 10_000
"""Routes whose prices are kept. Routes are named by settings and by callers: the latter are unbounded."""

_NAMES = {ProviderKind.OPENAI: "openai", ProviderKind.ANTHROPIC: "anthropic", ProviderKind.BEDROCK: "aws"}
"""What genai-prices calls the providers that settings know by their kind."""


class Rates(NamedTuple):
    """US dollars for one token, in calls with more than `above` tokens of input; None where none is known.

    Crossing a tier changes the price of all tokens of a call, as providers bill it. What has no price as
    cached costs what other input does. A `request` may cost something by itself.
    """

    above: int
    request: Decimal
    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None
    cache_write: Decimal | None

    def cost(self, tokens: Tokens) -> Decimal | None:
        """What so many tokens cost; None where some of them have no price."""
        all_in, out, read, write = tokens
        _, total, of_input, of_output, of_read, of_write = self
        if read and of_read is not None:
            total += read * of_read
            all_in -= read
        if write and of_write is not None:
            total += write * of_write
            all_in -= write
        if all_in:
            if of_input is None:
                return None
            total += all_in * of_input
        if out:
            if of_output is None:
                return None
            total += out * of_output
        return total


Tiers = Sequence[Rates]
"""The rates of a model from the lowest tier on."""


class Prices:
    """What models cost. Use it within one thread.

    `overrides` come first: those of exactly this route, else the one with the longest name that ends in `*`
    and fits (`ollama:*`). Then what is known of the provider: of the kinds `openai`, `anthropic` and
    `bedrock` by their kind, unless their address is known to be somebody else's, and of a compatible one by
    its address alone. A name that is famous elsewhere says nothing of what it costs at another address. What
    settings do not name is whom genai-prices knows by that name.
    """

    def __init__(
        self,
        overrides: Mapping[str, PriceTerms] | None = None,
        providers: Mapping[str, ProviderTerms] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Know the `overrides` and `providers` of the settings; `clock` is for prices that change in time."""
        given = {name.lower(): _overriding(terms) for name, terms in (overrides or {}).items()}
        self._exact = {name: rates for name, rates in given.items() if not name.endswith("*")}
        open_ended = ((name[:-1], rates) for name, rates in given.items() if name.endswith("*"))
        self._open_ended = sorted(open_ended, key=lambda item: -len(item[0]))
        self._providers = dict(providers or {})
        self._clock = clock or SystemClock()
        self._known: dict[str, tuple[Tiers, dt.datetime | None]] = {}

    def cost(self, route: str, tokens: Tokens) -> Money:
        """What a call to `provider:model` costs in US dollars.

        Raises `PriceUnknown`, also where only the tokens that were used have no price.
        """
        tiers, until = self._known.get(route) or self._find(route)
        if until is not None and self._clock.now() >= until:
            tiers, _ = self._find(route)
        rates, all_in = tiers[0], tokens[0]
        for tier in tiers:
            if all_in > tier[0]:
                rates = tier
        amount = rates.cost(tokens)
        if amount is None:
            raise _unknown(route)
        return Money.computed(amount)

    def whose(self, provider: str, address: str) -> str:
        """What a provider is called that calls itself `provider` and is at an address ("": not said).

        It is called as settings call it; else as genai-prices does, where it is another one than it says. ""
        where nobody knows the address: what merely speaks the format of a famous one is not that.
        """
        if not address:
            return provider
        at = address.rstrip("/")
        named = next((name for name, terms in self._providers.items() if terms.url == at), None)
        if named is not None:
            return named
        from genai_prices.data_snapshot import get_snapshot

        snapshot = get_snapshot()
        known = _at_address(snapshot, address)
        if known is None:
            return ""
        return provider if known is _by_name(snapshot, provider) else known.id

    def _find(self, route: str) -> tuple[Tiers, dt.datetime | None]:
        """The prices of a route, and until when they hold: those that change do so at full minutes."""
        tiers, until = self._override(route.lower()), None
        if tiers is None:
            now = self._clock.now()
            model = self._model(route)
            tiers = _tiers(model.get_prices(now))
            if isinstance(model.prices, list):
                until = now.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[route] = tiers, until
        return tiers, until

    def _override(self, route: str) -> Tiers | None:
        exact = self._exact.get(route)
        if exact is not None:
            return exact
        return next((tiers for prefix, tiers in self._open_ended if route.startswith(prefix)), None)

    def _model(self, route: str) -> ModelInfo:
        """What genai-prices knows of a route. Raises `PriceUnknown`."""
        from genai_prices.data_snapshot import get_snapshot  # 1.6 MB of prices, read when first asked

        name, _, wanted = route.partition(":")
        snapshot = get_snapshot()
        try:
            provider = self._provider(name, snapshot)
            if provider is None:
                raise _unknown(route)
            return snapshot.find_provider_model(wanted, provider, None, None)[1]
        except LookupError as error:
            raise _unknown(route) from error

    def _provider(self, name: str, snapshot: DataSnapshot) -> Provider | None:
        terms = self._providers.get(name)
        if terms is None:
            return _by_name(snapshot, name)
        known = None if terms.url is None else _at_address(snapshot, terms.url)
        if known is None and terms.kind in _NAMES:
            return snapshot.find_provider(None, _NAMES[terms.kind], None)
        return known


def _at_address(snapshot: DataSnapshot, address: str) -> Provider | None:
    return next((each for each in snapshot.providers if re.match(each.api_pattern, address)), None)


def _by_name(snapshot: DataSnapshot, name: str) -> Provider | None:
    try:
        return snapshot.find_provider(None, name, None)
    except LookupError:
        return None


def estimated_tokens(characters: int) -> int:
    """How many tokens a text of so many characters has at most, for reservations before a call.

    The vocabularies of models are made from bytes (byte-level BPE: Radford et al. 2019, "Language Models are
    Unsupervised Multitask Learners", section 2.2), so that no text has more tokens than UTF-8 bytes: for
    ASCII, and for JSON that escapes everything else, this is a bound. English has one for about four
    characters (OpenAI's help centre), so that four times too many are reserved until the call is settled.
    Scripts outside ASCII have about one a character in recent vocabularies, and more in rare ones (Petrov et
    al. 2023, arXiv:2305.15425): pass their bytes where nothing may be underestimated. What a call has really
    taken is settled whatever was estimated. Images and sound are the caller's matter.
    """
    return characters + PRIMING


PRIMING = 8
"""Tokens around an answer that no character stands for: OpenAI's cookbook counts 3 a message and 3 a request;
the characters of a message's own JSON are more than that."""


def _overriding(terms: PriceTerms) -> Tiers:
    given = (terms.input, terms.output, terms.cache_read, terms.cache_write)
    prices = [None if text is None else Decimal(text) / _MILLION for text in given]
    return (Rates(0, Decimal(0), *prices),)


def _tiers(price: ModelPrice) -> Tiers:
    """The rates of a model: there is a tier wherever any of its prices changes."""
    priced = (price.input_mtok, price.output_mtok, price.cache_read_mtok, price.cache_write_mtok)
    tiered = [one for one in priced if one is not None and not isinstance(one, Decimal)]
    starts = {tier.start for one in tiered for tier in one.tiers}
    requests = price.requests_kcount
    request = requests / _THOUSAND if isinstance(requests, Decimal) else Decimal(0)
    return tuple(
        Rates(above, request, *[_at(one, above) for one in priced]) for above in sorted({0, *starts})
    )


def _at(price: Decimal | TieredPrices | None, above: int) -> Decimal | None:
    """The price of a token in the tier that begins above so many tokens."""
    if price is None or isinstance(price, Decimal):
        return None if price is None else price / _MILLION
    reached = [tier.price for tier in price.tiers if tier.start <= above] if above else []
    return (reached[-1] if reached else price.base) / _MILLION


def _unknown(route: str) -> PriceUnknown:
    return PriceUnknown(
        f"Nobody knows what {route[:200]!r} costs.",
        hint="Name its price in the setting model_prices; one that costs nothing has the price 0.",
    )
