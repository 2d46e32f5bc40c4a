"""A text that is looked at while it is being said: of its end only what has to be is held back.

What may be the beginning of a finding, or of a placeholder, waits until it is seen whether it is one: the
word that is being said, a group of digits, a private key. All is let go at the end, and beyond `MOST`.
"""

from __future__ import annotations

import re

from pilothouse.guards.exchanging import Exchange
from pilothouse.guards.findings import Act, Finding
from pilothouse.guards.masking import MASKED_ACTS
from pilothouse.guards.table import Acts, Group
from pilothouse.runtime.guarding import Inlet

MOST = 8_192
"""Characters that are held back at most."""
KEPT = 256
"""Characters before the held ones that are looked at with them: a word may say what follows it."""
SENTENCE = 240
"""Characters of a sentence that are held back where names and addresses are not to pass."""
AGAIN = 4_000
"""Characters after which what was said is looked through for attacks again, where these are refused."""
REMEMBERED = 200_000
"""Characters of a stream that are looked through as a whole at its end."""

_PLACEHOLDER = re.compile(r"<(?:[A-Z][A-Z0-9_]{0,63}(?::[a-z0-9]{0,52})?)?\Z")
_DIGITS = re.compile(r"[+(]?\d[\d ().,+/:-]*\Z")
_BLOCK = "-----BEGIN"
_BLOCK_END = re.compile(r"-----END [A-Z ]{3,40}-----")
_SENTENCE = re.compile(r"[.!?:;]\s|\n")


class Tail:
    """One text of a stream: `push` what is said, and `take` what may go."""

    def __init__(self, exchange: Exchange, *, quoted: bool = False) -> None:
        """Look with `exchange`; the text is JSON itself where it is `quoted`."""
        self._exchange, self._quoted = exchange, quoted
        acts = exchange.acts(Inlet.MODEL_ANSWER)
        self._values = acts.values
        self._withholds, self._sentences = withholding(acts)
        self._refuses = any(acts.of_group(one) is Act.BLOCK for one in (Group.INJECTION, Group.CODE))
        self._judged = exchange.judged(Inlet.MODEL_ANSWER, ours=True)
        self._detector = self._judged.detector
        self._context = ""
        self._pending = ""
        self._said: list[str] = []
        self._length = self._looked = 0
        self.end = self.base = 0

    def push(self, text: str) -> int:
        """More was said; returns how many characters there are now."""
        self._pending += text
        self.end += len(text)
        if self._length < REMEMBERED:
            self._said.append(text)
            self._length += len(text)
        return self.end

    def safe(self) -> int:
        """Up to which character all may go."""
        text = self._pending
        most = len(text)
        if self._exchange.originals and (at := text.rfind("<")) >= 0 and _PLACEHOLDER.match(text, at):
            most = at
        if self._withholds:
            most = min(most, self._held_from(text))
        return self.base + max(most, len(text) - MOST)

    async def take(self, upto: int) -> str:
        """What may be shown of the text up to the character `upto`. Raises `Blocked`.

        A finding that reaches beyond it is taken with it, as far as it was said.
        """
        count = upto - self.base
        if count <= 0:
            return ""
        found = list[Finding]()
        window = self._context + self._pending
        if self._values and self._detector.might(window):
            found = self._judged.scan(window)
            count = self._reach(found, count)
        if self._refuses and self._length - self._looked >= AGAIN:
            await self.look()
        text = self._pending[:count]
        shown = await self._treated(text, found) if found else text
        self._context = (self._context + text)[-KEPT:]
        self._pending = self._pending[count:]
        self.base += count
        return self._exchange.restored(shown, quoted=self._quoted)

    async def look(self) -> None:
        """Look through all that was said, and record what is found. Raises `Blocked`."""
        self._looked = self._length
        await self._exchange.answered(["".join(self._said)])

    def _held_from(self, text: str) -> int:
        """From where on the text may be the beginning of a value that is not to pass."""
        last = max(text.rfind(" "), text.rfind("\n"), text.rfind("\t")) + 1
        digits = _DIGITS.search(text, max(0, len(text) - 64))
        if digits is not None:
            last = min(last, digits.start())
        block = text.rfind(_BLOCK)
        if block >= 0 and _BLOCK_END.search(text, block) is None:
            last = min(last, block)
        if self._sentences and len(text) <= SENTENCE:
            borders = [place.end() for place in _SENTENCE.finditer(text)]
            last = min(last, borders[-1] if borders else 0)
        return last

    def _reach(self, found: list[Finding], count: int) -> int:
        """How many characters are taken so that no finding is cut in two."""
        shift = len(self._context)
        for one in found:
            if one.action in MASKED_ACTS and one.start - shift < count < one.end - shift:
                count = one.end - shift
        return min(count, len(self._pending))

    async def _treated(self, text: str, found: list[Finding]) -> str:
        """The text without what is masked in it; without the rest of a finding that was begun to be shown."""
        shift, size = len(self._context), len(text)
        inside = [
            one._replace(start=max(0, one.start - shift), end=min(size, one.end - shift))
            for one in found
            if one.end > shift and one.start - shift < size
        ]
        if any(one.action is Act.BLOCK for one in inside):
            self._exchange.tell(Inlet.MODEL_ANSWER, inside)
        return await self._exchange.mask(text, [one for one in inside if one.action is Act.MASK])


def withholding(acts: Acts) -> tuple[bool, bool]:
    """Whether values are kept from being shown at all, and whether such as go over several words are."""
    personal = acts.of_group(Group.PERSONAL) in MASKED_ACTS or any(
        acts.of(kind) in MASKED_ACTS for kind in ("person_name", "postal_address")
    )
    others = any(acts.of_group(group) in MASKED_ACTS for group in (Group.SECRETS, Group.OTHER))
    named = any(act in MASKED_ACTS for act in acts.named().values())
    return personal or others or named, personal
