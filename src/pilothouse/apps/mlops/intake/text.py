"""Text with its accents, widths and exotic spaces folded away, where each character knows its origin.

Readers match against the folded text; spans are cut from the prompt as it was written.
"""

from __future__ import annotations

import unicodedata
from array import array
from dataclasses import dataclass
from functools import lru_cache

from pilothouse.apps.mlops.intake.errors import InvalidPrompt
from pilothouse.apps.mlops.requirements import Span

MAX_CHARACTERS = 10_000
"""The longest prompt that is read, in characters."""

_SPELLED = {
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
    "\N{LATIN CAPITAL LETTER SHARP S}": "SS",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN CAPITAL LETTER AE}": "AE",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN CAPITAL LIGATURE OE}": "OE",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN CAPITAL LETTER O WITH STROKE}": "O",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{VULGAR FRACTION ONE HALF}": "0.5",
    "\N{LESS-THAN OR EQUAL TO}": "<",
    "\N{GREATER-THAN OR EQUAL TO}": ">",
    "\N{ALMOST EQUAL TO}": "~",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{HORIZONTAL ELLIPSIS}": ". ",
    "\N{IDEOGRAPHIC FULL STOP}": ". ",
    "\N{IDEOGRAPHIC COMMA}": ",",
    "\N{ARABIC COMMA}": ",",
    "\N{ARABIC QUESTION MARK}": "?",
    "\N{ARABIC DECIMAL SEPARATOR}": ".",
    "\N{ARABIC THOUSANDS SEPARATOR}": ",",
    "\N{ARABIC PERCENT SIGN}": "%",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{ACUTE ACCENT}": "'",
    "\N{BULLET}": "\n",
    "\N{LINE SEPARATOR}": "\n",
    "\N{PARAGRAPH SEPARATOR}": "\n",
    "\N{NUMERO SIGN}": " ",
}
"""What no Unicode decomposition says, or says with a character that readers take for something else."""


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt and its folded form; `plain[i]` stands for `prompt[starts[i]:ends[i]]`.

    `starts` and `ends` are None where both are the same text (plain ASCII).
    """

    prompt: str
    plain: str
    starts: array[int] | None = None
    ends: array[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The span of the prompt behind the non-empty `plain[start:end]`."""
        if self.starts is not None and self.ends is not None:
            start, end = self.starts[start], self.ends[end - 1]
        return Span(start=start, end=end, text=self.prompt[start:end])


def fold(prompt: str) -> Text:
    """The folded text of `prompt`: Latin letters without accents, ASCII digits, plain spaces and quotes.

    One character may become none (a joiner), one or several ("ß" is "ss"); its origin is kept.
    Takes time linear in the prompt's length.
    """
    if prompt.isascii():
        return Text(prompt, prompt)
    pieces: list[str] = []
    starts, ends = array("l"), array("l")
    for index, char in enumerate(prompt):
        piece = char if char < "\x80" else _folded(char)
        if piece:
            pieces.append(piece)
            for _ in piece:
                starts.append(index)
                ends.append(index + 1)
        elif ends and unicodedata.combining(char):
            ends[-1] = index + 1
    return Text(prompt, "".join(pieces), starts, ends)


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    if char in _SPELLED:
        return _SPELLED[char]
    category = unicodedata.category(char)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Pd":
        return "-"
    if category[0] == "Z" or category in {"So", "No", "Sk"}:
        return " "
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return base if base.isascii() or len(base) == 1 else char


def check(prompt: str) -> None:
    """Raise `InvalidPrompt` where `prompt` is empty, too long, not text, or without a single letter."""
    if len(prompt) > MAX_CHARACTERS:
        raise InvalidPrompt(
            "prompt_too_long",
            f"The prompt has {len(prompt):,} characters; at most {MAX_CHARACTERS:,} are read. "
            "Shorten it to what the system must do, its load, budget and rules.",
        )
    if not prompt.strip():
        raise InvalidPrompt(
            "empty_prompt", "The prompt is empty. Say in a sentence what the system is to predict or answer."
        )
    check_characters(prompt)
    if not any(char.isalpha() for char in prompt):
        raise InvalidPrompt(
            "no_letters",
            "The prompt has no words. Say in a sentence what the system is to predict or answer.",
        )


def check_characters(prompt: str) -> None:
    """Raise `InvalidPrompt` for control characters and lone surrogates.

    Prompts are shown again in terminals, reports and generated files, where control characters
    would act rather than be read; tab, line feed, form feed and carriage return are fine.
    """
    for index, char in enumerate(prompt):
        if char.isprintable() or char in "\t\n\v\f\r":
            continue
        category = unicodedata.category(char)
        if category == "Cs":
            raise InvalidPrompt(
                "not_unicode",
                f"Character {index + 1} of the prompt is half of a surrogate pair, which is not text. "
                "Send the prompt as valid UTF-8.",
            )
        if category == "Cc" and char != "\x85":
            raise InvalidPrompt(
                "control_characters",
                f"Character {index + 1} of the prompt is the control character U+{ord(char):04X}. "
                "Remove it and send the prompt as plain text.",
            )
