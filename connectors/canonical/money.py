"""Currencies of ISO 4217 and how finely each is divided. Amounts are Decimal; nothing here rounds on its own."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE"
        " CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD"
        " HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP"
        " MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR"
        " SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED"
        " VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
    ),
}
MINOR_DIGITS: dict[str, int] = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
_QUANTA = {digits: Decimal(1).scaleb(-digits) for digits in _BY_DIGITS}


class UnknownCurrency(ValueError):
    """Not a currency of ISO 4217."""


def is_known(currency: str) -> bool:
    return currency in MINOR_DIGITS


def minor_digits(currency: str) -> int:
    """Places after the point: 2 for EUR, 0 for JPY, 3 for KWD. Raises UnknownCurrency."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency!r} is no currency of ISO 4217") from None


def quantum(currency: str) -> Decimal:
    """The smallest amount: 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return _QUANTA[minor_digits(currency)]


def fits(amount: Decimal, currency: str) -> bool:
    """True when the currency can pay exactly this amount (12.50 JPY cannot be paid, 12.00 can)."""
    return amount == amount.quantize(quantum(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's smallest amount, half away from zero, as tills and invoices do."""
    return amount.quantize(quantum(currency), rounding=ROUND_HALF_UP)
