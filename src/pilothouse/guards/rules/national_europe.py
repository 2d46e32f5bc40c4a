"""Numbers that European states give to people; see `national` for what the columns are."""

from __future__ import annotations

from stdnum.at import vnr
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.de import idnr as german
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale
from stdnum.lt import asmens
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import cc, nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.si import emso
from stdnum.tr import tckimlik
from stdnum.ua import rntrc

from pilothouse.guards import checks
from pilothouse.guards.rules.rule import Row

ROWS = (
    Row(
        "gb_nino",
        r"(?i)\b[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b",
        checks.nino,
        r"nino?|national insurance|ni",
        0.8,
        "Number AB 12 34 56 C is mine",
    ),
    Row(
        "gb_nhs",
        r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b",
        nhs.is_valid,
        r"nhs|health service",
        0,
        "NHS number 943 476 5870",
    ),
    Row("ie_pps", r"(?i)\b\d{7}[a-w][a-iw]?\b", pps.is_valid, r"ppsn?|pps", 0.75, "Number 6433435F is mine"),
    Row(
        "fr_nir",
        r"\b[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b",
        nir.is_valid,
        r"nir|s[eé]curit[eé] sociale|insee",
        0.9,
        "Number 2 95 10 99 126 111 93 is mine",
    ),
    Row(
        "de_idnr",
        r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b",
        german.is_valid,
        r"steuer-?(?:id(?:entifikationsnummer)?|nummer|idnr)|idnr|tin",
        0,
        "Steuer-ID 36 574 261 809",
    ),
    Row(
        "it_codice_fiscale",
        r"(?i)\b[a-z]{6}[0-9lmnp-v]{2}[a-ehlmprst][0-9lmnp-v]{2}[a-z][0-9lmnp-v]{3}[a-z]\b",
        codicefiscale.is_valid,
        r"codice fiscale|cf",
        0.97,
        "Number RCCMNL83S18D969H is mine",
    ),
    Row(
        "es_dni",
        r"(?i)\b\d{2}\.?\d{3}\.?\d{3}[ -]?[a-hj-np-tv-z]\b",
        dni.is_valid,
        r"dni|nif|documento",
        0.85,
        "Number 54362315K is mine",
    ),
    Row(
        "es_nie",
        r"(?i)\b[xyz][ -]?\d{7}[ -]?[a-hj-np-tv-z]\b",
        nie.is_valid,
        r"nie|extranjero",
        0.9,
        "Number X-2482300-W is mine",
    ),
    Row(
        "pt_cc",
        r"(?i)\b\d{8} ?\d ?[a-z]{2}\d\b",
        cc.is_valid,
        r"cart[aã]o de cidad[aã]o|cc|bi",
        0.9,
        "Number 00000000 0 ZZ4 is mine",
    ),
    Row(
        "pt_nif", r"\b[1-35689]\d{2} ?\d{3} ?\d{3}\b", nif.is_valid, r"nif|contribuinte", 0, "NIF 501 964 843"
    ),
    Row(
        "nl_bsn",
        r"\b\d{4}[ .]?\d{2}[ .]?\d{3}\b",
        bsn.is_valid,
        r"bsn|burgerservicenummer|sofi(?:nummer)?",
        0,
        "BSN 1112.22.333",
    ),
    Row(
        "nl_bsn",
        r"\b\d{3}[ .]\d{3}[ .]\d{3}\b",
        bsn.is_valid,
        r"bsn|burgerservicenummer|sofi(?:nummer)?",
        0,
        "BSN 111 222 333",
    ),
    Row(
        "be_nn",
        r"\b\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}\b",
        nn.is_valid,
        r"rijksregister(?:nummer)?|registre national|nn|nrn|insz|niss",
        0.7,
        "Number 85.07.30-033.28 is mine",
    ),
    Row(
        "ch_ahv",
        r"\b756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}\b",
        ahv.is_valid,
        r"ahv|avs",
        0.95,
        "Number 756.9217.0769.85 is mine",
    ),
    Row(
        "at_vnr",
        r"\b[1-9]\d{3}[ -]?\d{6}\b",
        vnr.is_valid,
        r"svnr|sv-?nr|sozialversicherung(?:snummer)?|versicherungsnummer",
        0,
        "SVNR 1237 010180",
    ),
    Row("pl_pesel", r"\b\d{11}\b", pesel.is_valid, r"pesel", 0.55, "PESEL 44051401359"),
    Row(
        "cz_rc",
        r"\b\d{6}/\d{3,4}\b",
        rc.is_valid,
        r"rodn[eé] c[ií]slo|rc",
        0.85,
        "Number 710319/2745 is mine",
    ),
    Row("ro_cnp", r"\b[1-9]\d{12}\b", cnp.is_valid, r"cnp|cod numeric", 0.75, "Number 1630615123457 is mine"),
    Row("bg_egn", r"\b\d{10}\b", egn.is_valid, r"egn|\xde\xde\xde", 0, "EGN 7523169263"),
    Row("hr_oib", r"\b\d{11}\b", oib.is_valid, r"oib", 0, "OIB 33392005961"),
    Row(
        "si_emso", r"\b[0-3]\d[01]\d{10}\b", emso.is_valid, r"emso|jmbg", 0.7, "Number 0101006500006 is mine"
    ),
    Row("gr_amka", r"\b[0-3]\d[01]\d{8}\b", amka.is_valid, r"amka", 0.55, "AMKA 01013099997"),
    Row(
        "tr_kimlik",
        r"\b[1-9]\d{10}\b",
        tckimlik.is_valid,
        r"t\.?c\.?(?: kimlik)?|kimlik|tckn",
        0.55,
        "TC Kimlik 17291716060",
    ),
    Row(
        "se_personnummer",
        r"\b(?:\d{2})?\d{6}[-+]\d{4}\b",
        personnummer.is_valid,
        r"personnummer|pnr|samordningsnummer",
        0.85,
        "Number 880320-0016 is mine",
    ),
    Row(
        "se_personnummer",
        r"\b(?:\d{2})?\d{10}\b",
        personnummer.is_valid,
        r"personnummer|pnr|samordningsnummer",
        0,
        "Personnummer 198803200016",
    ),
    Row(
        "no_fodselsnummer",
        r"\b\d{6} ?\d{5}\b",
        fodselsnummer.is_valid,
        r"f[oø]dselsnummer|personnummer|d-nummer|fnr",
        0.6,
        "Number 151086 95088 is mine",
    ),
    Row(
        "dk_cpr",
        r"\b[0-3]\d[01]\d{3}-\d{4}\b",
        cpr.is_valid,
        r"cpr(?:-?(?:nr|nummer))?|personnummer",
        0.65,
        "Number 211062-5629 is mine",
    ),
    Row("dk_cpr", r"\b[0-3]\d[01]\d{7}\b", cpr.is_valid, r"cpr(?:-?(?:nr|nummer))?", 0, "CPR 2110625629"),
    Row(
        "fi_hetu",
        r"(?i)\b\d{6}[-+a-fu-y]\d{3}[0-9a-y]\b",
        hetu.is_valid,
        r"hetu|henkil[oö]tunnus",
        0.95,
        "Number 131052-308T is mine",
    ),
    Row("is_kennitala", r"\b\d{6}-?\d{4}\b", kennitala.is_valid, r"kennitala|kt", 0, "Kennitala 450401-3150"),
    Row("ee_ik", r"\b[1-8]\d{10}\b", ik.is_valid, r"isikukood|ik", 0.55, "Isikukood 36805280109"),
    Row("lt_asmens", r"\b[1-9]\d{10}\b", asmens.is_valid, r"asmens kodas", 0.55, "Asmens kodas 33309240064"),
    Row(
        "ua_rntrc", r"\b\d{10}\b", rntrc.is_valid, r"rntrc|ipn|\xde\xde\xde\xde?\xde?", 0, "RNTRC 1759013776"
    ),
    Row(
        "ru_snils",
        r"\b\d{3}-\d{3}-\d{3}[ -]\d{2}\b",
        checks.snils,
        r"snils",
        0.9,
        "Number 112-233-445 95 is mine",
    ),
)
