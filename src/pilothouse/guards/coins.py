"""Whether addresses of crypto currencies carry the checksum that their currency asks for."""

from __future__ import annotations

import hashlib

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M = 0x2BC830A3
_WORD = (1 << 64) - 1


def base58(text: str, alphabet: str = _BASE58) -> bool:
    """Base58Check: the last four bytes are the beginning of the double SHA-256 of the others."""
    number = 0
    for character in text:
        value = alphabet.find(character)
        if value < 0:
            return False
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(raw) == 25 and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def ripple(text: str) -> bool:
    """Base58Check in the alphabet of the XRP ledger."""
    return base58(text, _RIPPLE)


def bech32(text: str) -> bool:
    """Bech32 and Bech32m (BIP 173, BIP 350)."""
    prefix, _, data = text.lower().rpartition("1")
    if text not in {text.lower(), text.upper()} or not data or any(one not in _BECH32 for one in data):
        return False
    high, low = [ord(one) >> 5 for one in prefix], [ord(one) & 31 for one in prefix]
    return _polymod([*high, 0, *low, *(_BECH32.index(one) for one in data)]) in {1, _BECH32M}


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            check ^= generator if top >> place & 1 else 0
    return check


def ethereum(text: str) -> bool:
    """40 hexadecimal digits; in mixed case the capitals are the checksum of ERC-55."""
    digits = text[2:]
    if digits in {digits.lower(), digits.upper()}:
        return len(set(digits.lower())) > 5
    mixed = keccak256(digits.lower().encode()).hex()
    return all(
        one.isdigit() or one.isupper() == (int(mixed[place], 16) > 7) for place, one in enumerate(digits)
    )


def keccak256(message: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it: SHA-3 of 136 bytes a block, padded as before the standard."""
    lanes = [[0] * 5 for _ in range(5)]
    padded = bytearray(message) + b"\x01" + bytes(-(len(message) + 1) % 136)
    padded[-1] |= 0x80
    for start in range(0, len(padded), 136):
        for lane in range(17):
            word = padded[start + 8 * lane : start + 8 * lane + 8]
            lanes[lane % 5][lane // 5] ^= int.from_bytes(word, "little")
        _permute(lanes)
    return b"".join(lanes[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def _permute(lanes: list[list[int]]) -> None:
    """Keccak-f[1600] in place: 24 rounds; the constants come from the shift register of FIPS 202."""
    register = 1
    for _ in range(24):
        columns = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        for x in range(5):
            mixed = columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1)
            for y in range(5):
                lanes[x][y] ^= mixed
        x, y, current = 1, 0, lanes[1][0]
        for turn in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _turned(current, (turn + 1) * (turn + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & _WORD & row[(x + 2) % 5])
        for place in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << place) - 1)


def _turned(word: int, by: int) -> int:
    by %= 64
    return (word << by | word >> (64 - by)) & _WORD
