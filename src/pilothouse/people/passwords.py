"""Passwords: how they are written, which are refused, and how they are hashed (argon2id, RFC 9106).

A hash takes 64 MiB and about 0.1 s, so that few are made at once, in threads of their own, and a crowd at the
door is refused instead of filling the memory.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from pilothouse.kit.session import Overloaded
from pilothouse.people import commonness
from pilothouse.people.errors import PasswordRefused
from pilothouse.people.schemas import LONGEST_PASSWORD, SHORTEST_PASSWORD

T = TypeVar("T")

LEAST_SCORE = 4
"""Of zxcvbn's 0 to 4: guessed in no fewer than 10^10 attempts."""

LOOKED_AT = 64
"""Characters that zxcvbn, whose time rises faster than their number, looks at: 20 ms at the most."""

_guessing = threading.Lock()
"""zxcvbn keeps the words that are said of one person in a table of the process."""


class Passwords:
    """Makes and checks hashes, `at_once` of them at the same time; so many more wait as are `waiting`."""

    def __init__(
        self, parameters: Parameters = RFC_9106_LOW_MEMORY, *, at_once: int = 2, waiting: int = 64
    ) -> None:
        """Hash with `parameters`; by default the second choice of RFC 9106, section 4."""
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._nobody = _hash_of_nobody(parameters)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._most = at_once + waiting
        self._under_way = 0

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and its parameters. Raises `Overloaded`."""
        return await self._thread(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `stored` was made of `password`; without one it takes as long. Raises `Overloaded`."""

        def compare() -> bool:
            try:
                return self._hasher.verify(stored or self._nobody, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False

        return await self._thread(compare)

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    async def check(self, password: str, about: Sequence[str] = ()) -> None:
        """Raise `PasswordRefused` for one that is too short, too long, known from a breach or guessed soon.

        `about` are words that whoever knows the person tries first: of the name, the address, the tenant.
        """
        text = normalised(password)
        if len(text) < SHORTEST_PASSWORD:
            raise PasswordRefused(
                f"The password has fewer than {SHORTEST_PASSWORD} characters.",
                hint="Take a few words that do not belong together.",
            )
        if len(text) > LONGEST_PASSWORD:
            raise PasswordRefused(f"The password has more than {LONGEST_PASSWORD} characters.")
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
            raise PasswordRefused("The password has characters that cannot be typed.", hint="Leave them out.")
        warning = await self._thread(lambda: _weakness(text, about))
        if warning is not None:
            raise PasswordRefused(
                f"The password is guessed soon. {warning}".rstrip(),
                hint="Take a few words that do not belong together.",
            )

    def close(self) -> None:
        """Take nothing more; what is being hashed ends in the background."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _thread(self, work: Callable[[], T]) -> T:
        if self._under_way >= self._most:
            raise Overloaded("Too many people sign in at this moment.", hint="Try again in a moment.")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1


def normalised(password: str) -> str:
    """One spelling of what is the same on all keyboards (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return normalised(password).encode(errors="surrogatepass")


def _weakness(text: str, about: Sequence[str]) -> str | None:
    """Why a password is one of the first that are tried, as far as there are words for it; None if it is not.

    What is longer than is looked at is judged by its beginning and by its end: either is enough.
    """
    from zxcvbn import zxcvbn  # which reads its dictionaries, and most processes set no password

    if (known := commonness.reason(text, about)) is not None:
        return known
    pieces = {text[:LOOKED_AT], text[-LOOKED_AT:]}
    warnings: list[str] = []
    with _guessing:
        try:
            for piece in pieces:
                found = zxcvbn(piece, user_inputs=[word for word in about if word], max_length=LOOKED_AT)
                if found["score"] >= LEAST_SCORE:
                    return None
                warnings.append(str(found["feedback"]["warning"] or ""))
        finally:
            zxcvbn("-", user_inputs=[])  # so that the process forgets the words of this person
    return max(warnings, key=len)


def _hash_of_nobody(parameters: Parameters) -> str:
    """A hash that no password has, which takes as long to check as any other."""

    def encoded(length: int) -> str:
        return base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")

    costs = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    salt, digest = encoded(parameters.salt_len), encoded(parameters.hash_len)
    return f"$argon2id$v={parameters.version}${costs}${salt}${digest}"
