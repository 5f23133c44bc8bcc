"""Computes `uniqueString` as Resource Manager does, so that evaluated names are the real ones.

It is a 64-bit variant of the public MurmurHash3 (two halves of 32 bits, seed 0) over the parts with `-` between
them, in base 32. The vectors of test_expressions.py were computed by Microsoft's own engine, `bicep snapshot` 0.49.2.
"""

WORD = 0xFFFFFFFF
INITIAL, SECOND = 0x239B961B, 0xAB0E9789
DIGITS = "abcdefghijklmnopqrstuvwxyz234567"


def unique_string(*parts: str) -> str:
    """Returns the hash of the parts: 13 characters."""
    number = murmur("-".join(parts).encode())
    return "".join(DIGITS[(number << 5 * place >> 59) & 31] for place in range(13))


def murmur(data: bytes) -> int:
    """Returns the 64-bit hash of bytes."""
    low = high = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        low ^= _scrambled(data[at : at + 4], INITIAL, 15, SECOND)
        low = ((_rotated(low, 19) + high) * 5 + 0x561CCD1B) & WORD
        high ^= _scrambled(data[at + 4 : at + 8], SECOND, 17, INITIAL)
        high = ((_rotated(high, 13) + low) * 5 + 0x0BCAA747) & WORD
    low ^= _scrambled(data[whole : whole + 4], INITIAL, 15, SECOND)
    high ^= _scrambled(data[whole + 4 :], SECOND, 17, INITIAL)
    low, high = _joined(low ^ len(data), high ^ len(data))
    low, high = _joined(_finished(low), _finished(high))
    return high << 32 | low


def _scrambled(data: bytes, first: int, turn: int, second: int) -> int:
    return _rotated(int.from_bytes(data, "little") * first & WORD, turn) * second & WORD


def _joined(low: int, high: int) -> tuple[int, int]:
    low = (low + high) & WORD
    return low, (high + low) & WORD


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & WORD


def _finished(word: int) -> int:
    word = (word ^ word >> 16) * 0x85EBCA6B & WORD
    word = (word ^ word >> 13) * 0xC2B2AE35 & WORD
    return word ^ word >> 16
