"""Numbers that states outside Europe give to people; see `national` for what the columns are."""

from __future__ import annotations

from stdnum.ar import cuit
from stdnum.au import tfn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.cl import rut
from stdnum.ec import ci as cedula
from stdnum.il import idnr as israeli
from stdnum.in_ import aadhaar, pan
from stdnum.mx import curp
from stdnum.my import nric as mykad
from stdnum.nz import ird
from stdnum.th import pin
from stdnum.us import itin
from stdnum.za import idnr as south_african

from pilothouse.guards import checks
from pilothouse.guards.rules.rule import Row

_SSN = r"ssns?|social security(?: (?:no|number|num))?|soc(?:ial)? sec|social"
_SIN = r"sin|nas|social insurance(?: (?:no|number))?|num[eé]ro d'assurance sociale"
_AADHAAR = r"aadha+r|uidai|uid"

ROWS = (
    Row("us_ssn", r"\b\d{3}-\d{2}-\d{4}\b", checks.ssn, _SSN, 0.85, "Number 219-45-7281 is mine"),
    Row("us_ssn", r"\b\d{3} ?\d{2} ?\d{4}\b", checks.ssn, _SSN, 0, "SSN: 219457281"),
    Row(
        "us_itin",
        r"\b9\d{2}-\d{2}-\d{4}\b",
        itin.is_valid,
        r"itin|taxpayer",
        0.8,
        "Number 912-72-1344 is mine",
    ),
    Row("us_itin", r"\b9\d{8}\b", itin.is_valid, r"itin|taxpayer", 0, "ITIN: 912721344"),
    Row("ca_sin", r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b", sin.is_valid, _SIN, 0, "SIN: 123-456-782"),
    Row(
        "br_cpf",
        r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b",
        cpf.is_valid,
        r"cpf",
        0.95,
        "Number 390.533.447-05 is mine",
    ),
    Row("br_cpf", r"\b\d{11}\b", cpf.is_valid, r"cpf", 0.55, "CPF 39053344705"),
    Row("ar_cuil", r"\b\d{2}-\d{8}-\d\b", cuit.is_valid, r"cui[tl]", 0.9, "Number 20-05536168-2 is mine"),
    Row("ar_cuil", r"\b\d{11}\b", cuit.is_valid, r"cui[tl]", 0, "CUIL 20055361682"),
    Row(
        "cl_rut",
        r"(?i)\b\d{1,2}\.\d{3}\.\d{3}-[0-9k]\b",
        rut.is_valid,
        r"rut|run",
        0.95,
        "Number 12.531.909-2 is mine",
    ),
    Row("cl_rut", r"(?i)\b\d{7,8}-[0-9k]\b", rut.is_valid, r"rut|run", 0.6, "Number 12531909-2 is mine"),
    Row("ec_cedula", r"\b[0-3]\d{8}-?\d\b", cedula.is_valid, r"c[eé]dula|ci", 0, "Cedula 171430710-3"),
    Row(
        "mx_curp",
        r"(?i)\b[a-z]{4}\d{6}[hm][a-z]{5}[0-9a-z]\d\b",
        curp.is_valid,
        r"curp",
        0.97,
        "Number BOXW310820HNERXN09 is mine",
    ),
    Row(
        "in_aadhaar",
        r"\b[2-9]\d{3}[ -]\d{4}[ -]\d{4}\b",
        aadhaar.is_valid,
        _AADHAAR,
        0.85,
        "Number 2341 2341 2346 is mine",
    ),
    Row("in_aadhaar", r"\b[2-9]\d{11}\b", aadhaar.is_valid, _AADHAAR, 0, "Aadhaar 234123412346"),
    Row(
        "in_pan",
        r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b",
        pan.is_valid,
        r"pan(?: (?:card|no|number))?|permanent account",
        0.7,
        "Number ACUPA7085R is mine",
    ),
    Row(
        "cn_ric",
        r"(?i)\b[1-9]\d{16}[0-9x]\b",
        checks.resident,
        r"identity card|resident",
        0.95,
        "Number 360426199101010071 is mine",
    ),
    Row(
        "kr_rrn",
        r"\b\d{6}-\d{7}\b",
        checks.registered,
        r"rrn|resident registration",
        0.9,
        "Number 971013-9019902 is mine",
    ),
    Row(
        "hk_id",
        r"(?i)\b[a-z]{1,2}\d{6} ?\([0-9a]\)",
        checks.hkid,
        r"hkid|hong kong",
        0.95,
        "Number G123456(A) is mine",
    ),
    Row("sg_nric", r"(?i)\b[stfgm]\d{7}[a-z]\b", checks.nric, r"nric|fin", 0.9, "Number S1234567D is mine"),
    Row(
        "my_nric",
        r"\b\d{6}-\d{2}-\d{4}\b",
        mykad.is_valid,
        r"mykad|nric|ic",
        0.85,
        "Number 770305-02-1234 is mine",
    ),
    Row(
        "th_pin",
        r"\b[1-8][ -]\d{4}[ -]\d{5}[ -]\d{2}[ -]\d\b",
        pin.is_valid,
        r"thai",
        0.95,
        "Number 3-1005-50089-68-7 is mine",
    ),
    Row("th_pin", r"\b[1-8]\d{12}\b", pin.is_valid, r"thai", 0, "Thai ID 3100550089687"),
    Row(
        "il_id", r"\b\d{7,8}-?\d\b", israeli.is_valid, r"teudat zehut|israeli id", 0, "Teudat zehut 39337423"
    ),
    Row(
        "za_id",
        r"\b\d{6} ?\d{4} ?\d{3}\b",
        south_african.is_valid,
        r"south african|rsa id|sa id",
        0.6,
        "Number 7503305044089 is mine",
    ),
    Row("au_tfn", r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b", tfn.is_valid, r"tfn|tax file", 0, "TFN 123 456 782"),
    Row(
        "nz_ird", r"\b\d{2,3}[ -]?\d{3}[ -]?\d{3}\b", ird.is_valid, r"ird|inland revenue", 0, "IRD 49-091-850"
    ),
)
