"""Rules for names of people: a list of given names, titles and turns of phrase; no model.

What a model finds besides joins what they find; see `guards.name_model`.
"""

from __future__ import annotations

from importlib.resources import files

from pilothouse.guards.rules.rule import Rule

NAME = r"[A-Z\xc0-\xde][a-z\xdf-\xff]*(?:['-][A-Z\xc0-\xde]?[a-z\xdf-\xff]+|[A-Z\xc0-\xde][a-z\xdf-\xff]+)*"
LONG = r"[A-Z\xc0-\xde](?:['-]?[A-Z\xc0-\xde])?[a-z\xdf-\xff]+(?:['-]?[A-Z\xc0-\xde][a-z\xdf-\xff]+)*"
PARTICLE = (
    r"(?:(?:van der|van den|van de|de la|de los|von der|van|von|de|da|dos|di|del|della|le|la|el|al"
    r"|bin|ibn|ter|ten|zu|du|af|av) )"
)
REST = rf"(?: (?:[A-Z]\.? )?{PARTICLE}?{LONG}){{1,3}}"
TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Dame|Herr|Frau|Monsieur|Madame|Mme|Mlle|Se\xf1or|Se\xf1ora"
    r"|Sr|Sra|Signor|Signora|Sig|Dott|Senhor|Senhora|Dhr|Mevr|Mevrouw|Pan|Pani|Doctor|Judge|Captain|Rev)"
)
PHRASE = (
    r"(?:[Mm]y name is|[Nn]ame is|[Nn]ame'?s|[Tt]his is|I am|I'm|[Mm]e llamo|[Mm]ein Name ist"
    r"|[Ii]ch hei(?:\xdf|ss)e"
    r"|[Jj]e m'appelle|[Mm]i chiamo|[Ss]igned by|[Ss]igned,|[Rr]egards,|[Ss]incerely,|[Cc]heers,|[Aa]ttn:?"
    r"|[Dd]ear|Hola|Hallo|Bonjour|[Nn]amed|maiden name is)"
)
LABEL = (
    r"(?:[Ff]ull [Nn]ame|[Ff]irst [Nn]ame|[Ll]ast [Nn]ame|[Ss]urname|[Cc]ustomer(?: [Nn]ame)?"
    r"|[Pp]atient(?: [Nn]ame)?"
    r"|[Ee]mployee|[Cc]ardholder|[Aa]ccount [Hh]older|[Cc]ontact(?: [Pp]erson)?|[Nn]ame|[Rr]ecipient"
    r"|[Ss]ender)"
)
WORDS = frozenset(
    [
        "The",
        "This",
        "That",
        "These",
        "Those",
        "And",
        "But",
        "For",
        "From",
        "With",
        "When",
        "What",
        "Where",
        "Who",
        "Why",
        "How",
        "Please",
        "Thank",
        "Thanks",
        "Yes",
        "Not",
        "Our",
        "Your",
        "His",
        "Her",
        "Their",
        "Its",
        "You",
        "We",
        "They",
        "She",
        "Team",
        "Sir",
        "Madam",
        "All",
        "Customer",
        "Support",
        "Service",
        "Account",
        "Here",
        "There",
        "Sorry",
        "Happy",
        "Going",
        "Looking",
        "Trying",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Order",
        "Street",
        "Road",
        "Avenue",
        "Drive",
        "Inc",
        "Ltd",
        "Hiring",
        "Manager",
    ]
)


def _listed(part: str) -> tuple[str, ...]:
    text = files("pilothouse.guards").joinpath("data/names.txt").read_text(encoding="utf-8")
    return tuple(text.split(f"[{part}]")[1].split("[")[0].split())


CERTAIN = "|".join(_listed("certain"))
AMBIGUOUS = "|".join(_listed("ambiguous"))
SURNAMES = "|".join(_listed("surnames"))
LAST = "|".join([*_listed("surnames"), *_listed("common")])
WRITTEN_SMALL = "|".join(one.lower() for one in _listed("certain") if len(one) >= 5)


def _name(text: str) -> bool:
    """No word of it is one that merely begins a sentence."""
    return WORDS.isdisjoint(text.split())


def _given(text: str) -> float:
    """A given name alone is less sure than a whole name."""
    return (0.85 if " " in text else 0.6) if _name(text) else 0.0


def _last(text: str) -> float:
    """A surname alone is less sure than a whole name."""
    return (0.7 if " " in text else 0.55) if _name(text) else 0.0


RULES = (
    Rule(
        "person_name",
        rf"\b(?:{CERTAIN})(?:{REST})?\b",
        "a listed given name, surer with what follows it in capitals",
        "Yesterday Ingrid Halvorsen wrote to us",
        0.85,
        check=_given,
        shorten=True,
        hint=rf"\b(?:{CERTAIN})\b",
    ),
    Rule(
        "person_name",
        rf"\b(?:{AMBIGUOUS}) {LONG}\b",
        "a given name that is a word, too, and a capital behind it, beside words that go with people",
        "Please tell Grace Okonjo that we called",
        0.4,
        check=_name,
        context=r"mr|mrs|ms|dr|name|tell|ask(?:ed)?|said|says|wrote|writes|called|met|dear|hi|hello|contact|customer|patient|by",
        raised=0.75,
        hint=rf"\b(?:{AMBIGUOUS}) [A-Z\xc0-\xde]",
    ),
    Rule(
        "person_name",
        rf"\b(?:{AMBIGUOUS}) (?:[A-Z]\.? )?(?:{LAST})\b",
        "a given name that is a word, too, and a listed surname",
        "Yesterday Grace Whitfield wrote to us",
        0.75,
    ),
    Rule(
        "person_name",
        rf"\b(?:{LONG} (?:[A-Z]\.? )?)?(?:{SURNAMES})\b",
        "a surname that is hardly anything else, surer with a capital before it",
        "Yesterday Tarvo Andersson wrote to us",
        0.7,
        check=_last,
        hint=rf"\b(?:{SURNAMES})\b",
    ),
    Rule(
        "person_name",
        rf"\b(?:{WRITTEN_SMALL})(?: [a-z]\.?)?\b",
        "a listed given name of five letters or more in small letters",
        "yesterday jennifer wrote to us",
        0.5,
    ),
    Rule(
        "person_name",
        rf"\b{TITLE}\.? ((?:[A-Z]\. )?{PARTICLE}?{LONG}(?: (?:[A-Z]\. )?{PARTICLE}?{LONG}){{0,2}})",
        "a title and what follows it in capitals",
        "We spoke to Dr. Quillfeather about it",
        0.85,
        check=_name,
        shorten=True,
        hint=rf"\b{TITLE}\.? ",
    ),
    Rule(
        "person_name",
        rf"\b{PHRASE}\s{{1,2}}({LONG}(?: (?:[A-Z]\.? )?{PARTICLE}?{LONG}){{0,3}})",
        "what follows a phrase such as `my name is` in capitals",
        "Good day, my name is Tarvo Ellisaar",
        0.75,
        check=_name,
        shorten=True,
        hint=rf"\b{PHRASE}\s{{1,2}}[A-Z\xc0-\xde]",
    ),
    Rule(
        "person_name",
        rf"\b{LABEL} ?: ?({LONG}(?: (?:[A-Z]\.? )?{PARTICLE}?{LONG}){{0,3}})",
        "what follows a label such as `Name:` in capitals",
        "Customer: Tarvo Ellisaar",
        0.8,
        check=_name,
        shorten=True,
        hint=rf"\b{LABEL} ?: ?[A-Z\xc0-\xde]",
    ),
)
