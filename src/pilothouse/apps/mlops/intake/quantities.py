"""Puts numbers, units, nouns and rates together: "10M events a day", "$2-3k/mo", "100 GB a month", "p99"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from pilothouse.apps.mlops.intake import units
from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.numbers import Amount, amount_at, number_words
from pilothouse.apps.mlops.intake.text import Text
from pilothouse.apps.mlops.intake.tokens import Kind, Token

CONTINENTAL = frozenset({"de", "fr", "es", "it", "pt", "nl"})
"""Languages that write 5.000 for five thousand."""
_PER = frozenset(
    {
        *("per", "a", "an", "each", "every", "pro", "par", "por", "al", "by", "je", "im", "jeden", "jede"),
        *("jedes", "chaque", "cada", "la", "le", "in", "en", "alle", "for"),
    }
)
_AFTER_PER = frozenset({"a", "one", "single", "the", "la", "un", "una", "une", "einem", "einer", "each"})
_STOPS = frozenset(
    {
        *(
            "and",
            "or",
            "with",
            "for",
            "in",
            "on",
            "at",
            "to",
            "by",
            "from",
            "that",
            "which",
            "who",
            "is",
            "are",
        ),
        *(
            "but",
            "und",
            "oder",
            "mit",
            "fur",
            "auf",
            "im",
            "et",
            "ou",
            "avec",
            "pour",
            "dans",
            "sur",
            "y",
            "o",
        ),
        *(
            "con",
            "para",
            "en",
            "will",
            "must",
            "should",
            "can",
            "so",
            "we",
            "have",
            "has",
            "as",
            "within",
            "sont",
        ),
        *("ist", "sind", "es", "est", "our", "budget", "latency", "under", "per", "using", "via", "only"),
    }
)
"""Words that end the search for what is counted."""
_LOOKAHEAD = 8
"""More tokens than any rule looks ahead at once."""
_RANGE = frozenset({"to", "bis", "a", "hasta", "until", "up"})
_BETWEEN = frozenset({"between", "zwischen", "entre", "tra", "from", "von", "de", "desde"})
_AND = frozenset({"and", "und", "et", "y", "e"})


class Measure(StrEnum):
    """What a quantity measures."""

    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    DATA = "data"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what it counts; tokens `first` to `last` (exclusive).

    `unit` is a currency code, a period of time, "gb", a class of noun, or "" where nothing was said; `per`
    is the period of a rate or "". `value` is the upper end of a range, of which `low` is the lower one.
    """

    measure: Measure
    value: Decimal
    unit: str
    first: int
    last: int
    low: Decimal | None = None
    per: str = ""
    noun: str = ""
    negative: bool = False
    bound: str = ""

    @property
    def seconds(self) -> Decimal:
        """The length of a duration in seconds."""
        return self.value * units.SECONDS[self.unit]


def quantities(text: Text, tokens: Sequence[Token], language: str) -> Iterator[Quantity]:
    """The quantities in `tokens`, by position. Each token is looked at a bounded number of times."""
    reader = _Assembler(text, tokens, language)
    index = 0
    while index < len(tokens):
        begins = tokens[index].kind is Kind.NUMBER or tokens[index].text in number_words()
        found = reader.at(index) if begins else None
        if found is None:
            index += 1
        else:
            yield found
            index = max(found.last, index + 1)


class _Assembler:
    def __init__(self, text: Text, tokens: Sequence[Token], language: str) -> None:
        self._plain = text.plain
        self._tokens = tokens
        self._language = language
        beyond = [""] * _LOOKAHEAD
        self._texts = [token.text for token in tokens] + beyond
        self._words = [token.text if token.kind is Kind.WORD else "" for token in tokens] + beyond
        self._bullets = text.plain.count("\n-") + text.plain.startswith("-")

    def at(self, index: int) -> Quantity | None:
        amount = amount_at(self._tokens, index, self._language) or self._article_of_time(index)
        if amount is None:
            return None
        upper = self._range_end(amount)
        first, currency = self._currency_before(index)
        end = upper.last if upper else amount.last
        if self._text(end) == "+":
            end += 1
        found = self._measured(amount, upper, first, end, currency)
        return replace(found, negative=True) if self._negative(found.first, index) else found

    def _measured(
        self, amount: Amount, upper: Amount | None, first: int, end: int, currency: str
    ) -> Quantity:
        code, after, factor = self._currency_at(end)
        code = code or currency
        if code:
            low, value = self._values(amount, upper)
            last, per = self._rate_of_money(after)
            low = None if low is None else low * factor
            return Quantity(Measure.MONEY, value * factor, code, first, last, low, per)
        if after := self._percent(end):
            low, value = self._values(amount, upper, dots=False, commas=False)
            per, last = self._rate(after) or ("", after)
            return Quantity(Measure.PERCENT, value, "percent", first, last, low, per)
        return self._with_unit(amount, upper, first, end)

    def _with_unit(self, amount: Amount, upper: Amount | None, first: int, end: int) -> Quantity:
        word = self._word(end)
        slash = self._slash_before(end)
        low, value = self._values(amount, upper, dots=self._language in CONTINENTAL)
        size = units.GIGABYTES.get(word) or (units.OCTETS.get(word) if self._language == "fr" else None)
        if size is not None and not slash:
            per, last = self._rate_within(end + 1, 4) or ("", end + 1)
            low = None if low is None else low * size
            return Quantity(Measure.DATA, value * size, "gb", first, last, low, per)
        if not slash and not amount.loose and (period := self._period(end)):
            return Quantity(Measure.DURATION, value, period, first, end + 1, low)
        low, value = self._values(amount, upper)
        if word in units.RATES:
            period, events = units.RATES[word]
            low = None if low is None else low * events
            return Quantity(Measure.COUNT, value * events, "event", first, end + 1, low, period, word)
        return self._counted(value, low, first, end)

    def _period(self, at: int) -> str:
        """The period of time that the word at `at` names; "d", "w" and "y" only right behind digits."""
        word = self._word(at)
        if len(word) == 1 and word not in {"s", "h"} and self._gap(at):
            return ""
        return vocabulary("period").get(word, "")

    def _counted(self, value: Decimal, low: Decimal | None, first: int, end: int) -> Quantity:
        """A number of something: finds the noun, then the rate."""
        rate = self._rate(end)
        if rate:
            noun, word, after = self._noun(rate[1]) if rate[1] == end + 1 else ("", "", rate[1])
            unit = noun if after > rate[1] else ""
            return Quantity(
                Measure.COUNT, value, unit, first, max(after, rate[1]), low, rate[0], word if unit else ""
            )
        noun, word, after = self._noun(end)
        if not noun:
            return Quantity(Measure.COUNT, value, "", first, end, low)
        rate = self._rate_within(after, 4)
        per, last = rate or ("", after)
        if not per:
            per = next(
                (
                    vocabulary("adverb")[token.text]
                    for token in self._tokens[end:after]
                    if token.text in vocabulary("adverb")
                ),
                "",
            )
        return Quantity(Measure.COUNT, value, noun, first, last, low, per, word)

    def _noun(self, at: int) -> tuple[str, str, int]:
        """The class of what is counted, the word for it, and the token after; of a row of nouns, the last."""
        nouns = vocabulary("noun")
        for index in range(at, min(at + 5, len(self._tokens))):
            word = self._word(index)
            if not word or word in _STOPS:
                break
            if word in nouns:
                while self._word(index + 1) in nouns and not self._slash_before(index + 1):
                    index += 1  # noqa: PLW2901 - the row of nouns ends the search
                word = self._word(index)
                return nouns[word], word, index + 1
        return "", "", at

    def _rate_within(self, at: int, words: int) -> tuple[str, int] | None:
        """The rate that begins at most `words` words after `at`."""
        for index in range(at, min(at + words + 1, len(self._tokens))):
            if rate := self._rate(index):
                return rate
            if self._tokens[index].kind is not Kind.WORD or self._word(index) in {"and", "und", "et", "y"}:
                return None
        return None

    def _rate(self, at: int) -> tuple[str, int] | None:
        """The period and the token after it for "/s", "per day", "a month", "im Monat", "daily"."""
        word, periods = self._word(at), vocabulary("period")
        if not word:
            return None
        if word in periods and self._slash_before(at):
            return periods[word], at + 1
        if word in vocabulary("adverb"):
            return vocabulary("adverb")[word], at + 1
        if word == "p" and self._word(at + 1) in {"a", "m"}:
            return ("year" if self._word(at + 1) == "a" else "month"), at + 2
        if word in _PER:
            following = self._word(at + 1)
            if following in periods and word not in {"in", "en"}:
                return periods[following], at + 2
            if following in _AFTER_PER and self._word(at + 2) in periods:
                return periods[self._word(at + 2)], at + 3
        return None

    def _rate_of_money(self, at: int) -> tuple[int, str]:
        if rate := self._rate_within(at, 2):
            return rate[1], rate[0]
        word = self._word(at)
        if len(word) > 2 and word in vocabulary("period"):
            return at + 1, vocabulary("period")[word]
        return at, ""

    def _range_end(self, amount: Amount) -> Amount | None:
        """The upper end of "2-3k", "$5k to $10k", "between 100 and 200", or None."""
        at = amount.last
        word = self._word(at)
        unit = self._period(at) or word in units.GIGABYTES
        if unit or self._currency_at(at)[0] or self._percent(at):
            at += 1
        if at >= len(self._tokens):
            return None
        if self._gap(at).strip() != "-":
            word = self._word(at)
            spread = {self._word(index) for index in range(max(0, amount.first - 3), amount.first)}
            if word not in _RANGE and not (word in _AND and spread & _BETWEEN):
                return None
            at += 2 if word == "up" else 1
        if self._currency_at(at)[0]:
            at += 1
        upper = amount_at(self._tokens, at, self._language) if at < len(self._tokens) else None
        if upper is None or self._tokens[at].kind is not Kind.NUMBER:
            return None
        return upper if _scaled_like(amount, upper).value < upper.value else None

    @staticmethod
    def _values(
        amount: Amount, upper: Amount | None, *, dots: bool = True, commas: bool = True
    ) -> tuple[Decimal | None, Decimal]:
        """The lower end (or None) and the value; in doubt, do `dots` and `commas` group thousands?"""

        def read(one: Amount) -> Decimal:
            groups = dots if one.dot else commas
            return one.grouped if groups and one.grouped is not None else one.value

        if upper is None:
            return None, read(amount)
        return read(_scaled_like(amount, upper)), read(upper)

    def _article_of_time(self, index: int) -> Amount | None:
        """The one of "within a second", "in under a minute"."""
        if self._word(index) not in vocabulary("article") or index == 0:
            return None
        lead = self._word(index - 1)
        leads = {
            "within",
            "under",
            "than",
            "below",
            "in",
            "unter",
            "innerhalb",
            "als",
            "moins",
            "de",
            "menos",
        }
        if lead in leads and self._word(index + 1) in vocabulary("period"):
            return Amount(Decimal(1), index, index + 1)
        return None

    def _currency_before(self, index: int) -> tuple[int, str]:
        """The first token of the quantity and its currency, from "$5", "US$ 5", "USD 5"."""
        if index == 0 or self._tokens[index].start - self._tokens[index - 1].end > 1:
            return index, ""
        before = self._tokens[index - 1]
        if before.text in units.SIGNS:
            letters = self._word(index - 2) if index > 1 else ""
            if letters in units.DIALECTS and self._tokens[index - 2].end == before.start:
                return index - 2, units.DIALECTS[letters]
            return index - 1, units.SIGNS[before.text]
        code = vocabulary("currency").get(before.text, "")
        return (index - 1, code) if code else (index, "")

    def _currency_at(self, at: int) -> tuple[str, int, int]:
        """The currency that follows a number, the token after it, and what it multiplies by."""
        if at >= len(self._tokens) or self._gap(at) not in {"", " ", ".", ". ", "-"}:
            return "", at, 1
        text = self._tokens[at].text
        if text in units.SIGNS:
            return units.SIGNS[text], at + 1, 1
        following = self._text(at + 1)
        if text == "us" and (following == "$" or vocabulary("currency").get(following) == "USD"):
            return "USD", at + 2, 1
        if text in units.THOUSANDS_OF:
            return units.THOUSANDS_OF[text], at + 1, 1000
        code = vocabulary("currency").get(text, "")
        return code, at + 1 if code else at, 1

    def _percent(self, at: int) -> int:
        """The token after a percent sign or word at `at`, or 0."""
        text = self._text(at)
        if text == "%" or text in vocabulary("percent"):
            return at + 1
        pairs = {("per", "cent"), ("pour", "cent"), ("por", "ciento"), ("por", "cento"), ("per", "cento")}
        return at + 2 if (text, self._text(at + 1)) in pairs else 0

    def _negative(self, first: int, number: int) -> bool:
        """Whether a minus sign or word belongs to the number (a dash after a space or a bullet does not)."""
        if first > 0 and self._tokens[first - 1].text in {"minus", "negative"}:
            return True
        if number > first and "-" in self._plain[self._tokens[first].end : self._tokens[number].start]:
            return True
        start = self._tokens[first].start
        if start == 0 or self._plain[start - 1] != "-":
            return False
        before = self._plain[start - 2] if start > 1 else "\n"
        if before == "\n":
            return self._bullets < 2
        return before in " \t(=:,"

    def _word(self, at: int) -> str:
        return self._words[at]

    def _text(self, at: int) -> str:
        return self._texts[at]

    def _gap(self, at: int) -> str:
        """What stands between token `at` and the one before it."""
        return self._plain[self._tokens[at - 1].end : self._tokens[at].start]

    def _slash_before(self, at: int) -> bool:
        return 0 < at < len(self._tokens) and "/" in self._gap(at)


def _scaled_like(lower: Amount, upper: Amount) -> Amount:
    """`lower` with the scale of `upper` where it has none of its own: the 2 of "2-3k" is 2000."""
    if lower.scale == 1 and upper.scale > 1 and lower.value <= upper.value / upper.scale:
        return lower._replace(value=lower.value * upper.scale, grouped=None, scale=upper.scale)
    return lower
