"""Personal data in text, as far as patterns tell.

Simulated: the platform recognises e-mail addresses, phone numbers, credit card numbers, bank account numbers and US
social security numbers, with a model too (inferred); here it is patterns alone, of these and of IP addresses,
and card numbers whose check digit is right. What is masked is replaced by the kind of what it was (inferred).
"""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from typing import NamedTuple

_CARD_DIGITS = range(13, 20)
_IBAN_MODULUS = 97


class _Kind(NamedTuple):
    name: str
    pattern: re.Pattern[str]


_KINDS = (
    _Kind("EMAIL_ADDRESS", re.compile(r"\b[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b", re.ASCII)),
    _Kind("CREDIT_CARD", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])")),
    _Kind("US_SSN", re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")),
    _Kind("IBAN_CODE", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    _Kind("IP_ADDRESS", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")),
    _Kind(
        "PHONE_NUMBER",
        re.compile(r"(?<![\w+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"),
    ),
)


def found(text: str) -> list[str]:
    """The kinds of personal data in a text.

    >>> found("Write to jane@acme.test or pay with 4111 1111 1111 1111.")
    ['EMAIL_ADDRESS', 'CREDIT_CARD']
    >>> found("Order 4111 1111 1111 1112, 3 pieces")
    []
    """
    return [kind.name for kind in _KINDS if any(_is(kind.name, match[0]) for match in kind.pattern.finditer(text))]


def masked(text: str) -> str:
    """A text in which personal data is replaced by its kind.

    >>> masked("Call 415-555-0132, not 10.0.0.1")
    'Call <PHONE_NUMBER>, not <IP_ADDRESS>'
    """
    for kind in _KINDS:
        text = kind.pattern.sub(partial(_masked, kind.name), text)
    return text


def _masked(kind: str, match: re.Match[str]) -> str:
    return f"<{kind}>" if _is(kind, match[0]) else match[0]


def _is(kind: str, text: str) -> bool:
    """Whether what looks like one is one."""
    if kind == "CREDIT_CARD":
        digits = [int(sign) for sign in text if sign.isdigit()]
        return len(digits) in _CARD_DIGITS and _luhn(digits)
    if kind == "IBAN_CODE":
        return _iban(text.replace(" ", ""))
    if kind == "IP_ADDRESS":
        return _ip(text)
    return True


def _luhn(digits: list[int]) -> bool:
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % _IBAN_MODULUS == 1


def _ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
