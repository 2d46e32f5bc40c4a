"""Rules for postal addresses: number and a word for streets, post boxes, British post codes."""

from __future__ import annotations

from pilothouse.guards.rules.rule import Rule

WORD = r"[A-Z0-9\xc0-\xde][\w\xc0-\xff'.-]{0,24}"
STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace"
    r"|Ter|Circle|Cir|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Cres|Gardens|Grove|Mews|Row|Trail|Trl|Quay|Alley"
    r"|Esplanade|Parade|Pde|Heights|Hts|Plaza|Loop|Run|Ridge|Turnpike|Walk)"
)
UNIT = r"(?:,?\s{1,2}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|#)\.? ?#?[A-Za-z0-9-]{1,6})"
TOWN = (
    rf"(?:,?\s{{1,2}}(?:{WORD} ?){{1,3}}(?:,? [A-Z]{{2,3}})?,? (?:\d{{5}}(?:-\d{{4}})?"
    rf"|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{{4}}))"
)
BRITISH = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
GERMAN = (
    r"(?:stra(?:\xdf|ss)e|str\.|weg|allee|platz|gasse|damm|ufer|straat|laan|plein|gracht|dreef"
    r"|gatan|v[\xe4a]gen|veien|vej|katu|utca|\xfat|[uú]tja)"
)
ROMANCE = (
    r"(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Cc]hemin|[Pp]lace|[Qq]uai|[Cc]alle|[Aa]venida|[Pp]aseo|[Pp]laza|[Cc]arrera|[Vv]ia|[Vv]iale"
    r"|[Cc]orso|[Pp]iazza|[Rr]ua|[Pp]ra[\xe7c]a|[Tt]ravessa|[Uu]l\.|[Uu]lica|[Cc]ami[n\xf1]o|[Rr][u\xfa]a|[Ss]trada|[Vv]icolo|[Aa]ll[\xe9e]e)"
)
PARTICLE = r"(?:d[eiuao]s?|del|della|dei|degli|du|la|le|les|l'|las|los|y|e|van|von|der|den|am|im|zum|zur)"
NAMES = rf"(?:(?:{PARTICLE}|{WORD})\s?){{1,5}}"
REST = rf"(?:{UNIT})?(?:{TOWN})?"

RULES = (
    Rule(
        "postal_address",
        rf"\b\d{{1,6}}[A-Za-z]?,? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East"
        rf"|West)\.? )?(?:{WORD} ){{1,4}}{STREET}\b\.?{REST}",
        "number, name, a word for streets; suite, town and post code where they follow",
        "Send it to 1180 Marlin Quay Drive, Apt 4B, Duluth, MN 55802 please",
        0.85,
        hint=rf" {STREET}\b",
    ),
    Rule(
        "postal_address",
        rf"(?:\d{{1,5}}[A-Za-z]?,? |\b){ROMANCE} {NAMES}(?:,? ?"
        rf"(?:n[\xba\xb0o]\.? ?)?\d{{1,5}}[A-Za-z]?)(?:,? \d{{4,5}} {WORD})?",
        "a word for streets, name and number, as in French, Spanish, Italian, Portuguese and Polish",
        "Send it to Calle de los Olmos 27 please",
        0.75,
        hint=rf"\b{ROMANCE} ",
    ),
    Rule(
        "postal_address",
        rf"\b\d{{1,5}}(?: ?(?:bis|ter|[A-Z]))?,? {ROMANCE} {NAMES}(?:,? \d{{4,5}} {WORD})?",
        "number, a word for streets and name",
        "Send it to 14 rue des Tilleuls, 69003 Lyon please",
        0.8,
        hint=rf"\d[^.]{{0,5}} {ROMANCE} ",
    ),
    Rule(
        "postal_address",
        rf"(?:{WORD}[ -])?\b[A-Z\xc0-\xde][\w\xc0-\xff-]{{1,30}}{GERMAN} ?\d{{1,4}} ?[a-zA-Z]?\b"
        rf"(?:,? (?:[A-Z]{{1,2}}-)?\d{{4,5}}(?: [A-Z]{{2}})? {WORD})?",
        "a name that ends in a word for streets, and a number, as in German, Dutch, Nordic and Hungarian",
        "Send it to Lindenstrasse 14, 8008 Zuerich please",
        0.8,
        hint=rf"{GERMAN} ?\d",
    ),
    Rule(
        "postal_address",
        r"(?i)\b(?:p\.? ?o\.? ?box|postfach|bo[iî]te postale|b\.p\.|apartado|postbus"
        r"|psc \d{1,5},? box) ?#?\d{1,6}\b",
        "a post box and its number",
        "Send it to P.O. Box 4417 please",
        0.9,
    ),
    Rule(
        "postal_address",
        rf"\b{BRITISH}\b",
        "a British post code",
        "Deliver to postcode SW1A 2AB please",
        0.55,
        context=r"post ?code|address|postal|deliver(?:y|ed)?|ship(?:ped|ping)?|live[sd]?|road|street|lane",
        raised=0.8,
        required=True,
    ),
    Rule(
        "postal_address",
        rf"\b(?:{WORD},? ){{1,3}}[A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?\b",
        "an American town, state and ZIP code",
        "Send it to Duluth, MN 55802 please",
        0.7,
        hint=r"[A-Z]{2},? \d{5}",
    ),
)
