"""Personal data in text: what the patterns find, and what they let pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.services.model_serving.ai_gateway.pii import found, masked


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Jane.Doe+x@mail.acme.test", ["EMAIL_ADDRESS"]),
        ("(415) 555-0132", ["PHONE_NUMBER"]),
        ("+1 415 555 0132", ["PHONE_NUMBER"]),
        ("415.555.0132", ["PHONE_NUMBER"]),
        ("123-45-6789", ["US_SSN"]),
        ("5500 0000 0000 0004", ["CREDIT_CARD"]),
        ("378282246310005", ["CREDIT_CARD"]),
        ("DE89 3704 0044 0532 0130 00", ["IBAN_CODE"]),
        ("at 192.168.0.1.", ["IP_ADDRESS"]),
        ("000-45-6789, 666-45-6789, 123-00-6789", []),
        ("5500 0000 0000 0005", []),
        ("DE88 3704 0044 0532 0130 00", []),
        ("999.1.1.1", []),
        ("version 1.2.3", []),
        ("jane at acme", []),
        ("order 20240101123", []),
    ],
)
def test_what_is_found(text, kinds):
    assert found(text) == kinds
    assert (masked(text) != text) == bool(kinds)


@given(st.text())
def test_nothing_is_left_after_masking(text):
    assert found(masked(text)) == []


def test_a_long_text_takes_no_time():
    assert found("a." * 100_000 + "1-" * 100_000 + "@" * 1000) == []
