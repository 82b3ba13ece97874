"""What a card number looks like: schemes, lengths, check digits. Pure.

Sources: ISO/IEC 7812-1 (numbering, Luhn); the schemes' public IIN ranges, read 2026-11-23.
"""

from __future__ import annotations

from typing import Final

LENGTHS: Final = range(13, 20)
_LONG: Final = frozenset({16, 17, 18, 19})
_MAESTRO: Final = frozenset(LENGTHS)
# (lowest prefix, highest prefix, lengths), prefixes of one row with the same number of digits.
_SCHEMES: Final = (
    ("4", "4", frozenset({13, 16, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),  # Mastercard
    ("2200", "2204", _LONG),  # Mir
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),  # American Express
    ("300", "305", frozenset({14, 16})),  # Diners Club
    ("3095", "3095", frozenset({14, 16})),
    ("36", "36", frozenset({14, 16})),
    ("38", "39", frozenset({14, 16})),
    ("3528", "3589", _LONG),  # JCB
    ("6011", "6011", _LONG),  # Discover
    ("644", "649", _LONG),
    ("65", "65", _LONG),
    ("62", "62", _LONG),  # UnionPay
    ("60", "60", frozenset({16})),  # RuPay
    ("5081", "5089", frozenset({16})),
    ("5060", "5061", frozenset({16, 18, 19})),  # Verve
    ("5018", "5018", _MAESTRO),
    ("5020", "5020", _MAESTRO),
    ("5038", "5038", _MAESTRO),
    ("5893", "5893", _MAESTRO),
    ("6304", "6304", _MAESTRO),
    ("6759", "6759", _MAESTRO),
    ("6761", "6763", _MAESTRO),
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_pan(digits: str) -> bool:
    """13 to 19 digits of a known scheme with a right check digit, and no EAN-13.

    Thirteen digits were issued by Visa until the nineties and look like many an article number: one that is a valid
    EAN-13 is taken as such.
    """
    if not _has_scheme(digits) or not luhn(digits):
        return False
    return len(digits) != 13 or not ean13(digits)


def luhn(digits: str) -> bool:
    """True when the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    values = [ord(digit) - 48 for digit in digits]
    return (sum(values[-1::-2]) + sum(_DOUBLED[value] for value in values[-2::-2])) % 10 == 0


def ean13(digits: str) -> bool:
    values = [int(digit) for digit in digits]
    return len(values) == 13 and (sum(values[0::2]) + 3 * sum(values[1::2])) % 10 == 0


def suspicion(separator: bytes) -> bytes:
    """A pattern for digits, `separator` allowed between any two: a scheme's prefix and its least length or more.

    Longer lengths are not spelled out, because that makes an automaton of many thousand states.
    """
    branches = []
    for low, high, lengths in _SCHEMES:
        for classes in _between(low, high):
            head = separator.join(cls.encode() for cls in classes)
            branches.append(head + b"(?:%s[0-9]){%d}" % (separator, min(lengths) - len(low)))
    return b"|".join(branches)


def _between(low: str, high: str) -> list[list[str]]:
    """Digit classes, one list for each way, that match exactly the numbers from low to high of one length."""
    if not low:
        return [[]]
    rest = len(low) - 1
    if low[0] == high[0]:
        return [[low[0], *more] for more in _between(low[1:], high[1:])]
    if low[1:] == "0" * rest and high[1:] == "9" * rest:
        return [[f"[{low[0]}-{high[0]}]", *["[0-9]"] * rest]]
    first, last = int(low[0]), int(high[0])
    middle = [[f"[{first + 1}-{last - 1}]", *["[0-9]"] * rest]] if last - first > 1 else []
    return _between(low, low[0] + "9" * rest) + middle + _between(high[0] + "0" * rest, high)


def _has_scheme(digits: str) -> bool:
    return any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _SCHEMES)
