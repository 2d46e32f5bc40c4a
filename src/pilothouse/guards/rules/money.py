"""Rules for what pays: cards, IBANs and addresses of crypto currencies."""

from __future__ import annotations

from pilothouse.guards import checks, coins
from pilothouse.guards.rules.rule import Rule

CARD = (
    r"card|cc|credit|debit|visa|master ?card|amex|american express|discover|diners|jcb|maestro"
    r"|union ?pay|mir|rupay"
    r"|kreditkarte|karte|carte|tarjeta|cart[aã]o|carta di credito|pan|charge"
)

RULES = (
    Rule(
        "card",
        r"\b\d(?:[ .-]{0,2}\d){11,18}\b",
        "12 to 19 digits with Luhn's check digit, of a known brand or beside a word for cards",
        "My card is 4539 1488 0343 6467",
        check=checks.card,
        context=CARD,
        raised=0.98,
        shorten=True,
    ),
    Rule(
        "iban",
        r"(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}\b",
        "country, length, structure and check digits of ISO 13616",
        "Pay to DE89 3704 0044 0532 0130 00 please",
        0.99,
        check=checks.iban_valid,
        shorten=True,
    ),
    Rule(
        "crypto_address",
        r"\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|[LMD9A][1-9A-HJ-NP-Za-km-z]{32,33}|T[1-9A-HJ-NP-Za-km-z]{33})\b",
        "Bitcoin, Litecoin, Dogecoin and Tron addresses with the checksum of Base58Check",
        "Send it to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        0.99,
        check=coins.base58,
    ),
    Rule(
        "crypto_address",
        r"(?i)\b(?:bc|tb|ltc|addr|stake|cosmos|osmo)1[02-9ac-hj-np-z]{11,110}\b",
        "Bitcoin, Litecoin, Cardano and Cosmos addresses with the checksum of Bech32 or Bech32m",
        "Send it to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        0.99,
        check=coins.bech32,
    ),
    Rule(
        "crypto_address",
        r"\b0x[0-9a-fA-F]{40}\b",
        "Ethereum addresses, in mixed case with the checksum of ERC-55",
        "Send it to 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        0.95,
        check=coins.ethereum,
    ),
    Rule(
        "crypto_address",
        r"\br[1-9A-HJ-NP-Za-km-z]{24,34}\b",
        "addresses of the XRP ledger with their checksum",
        "Send it to rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        0.99,
        check=coins.ripple,
    ),
)
