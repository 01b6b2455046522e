"""SCIM's filters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.services.iam.scim.errors import InvalidFilter
from fakebricks.services.iam.scim.filters import matching

KNOWN = ("userName", "displayName", "active", "name.givenName", "emails", "emails.value", "groups.display")
BOB = {
    "userName": "Bob@acme.test",
    "displayName": 'Bob "the" and or',
    "active": True,
    "name": {"givenName": "Robert"},
    "emails": [{"value": "bob@acme.test"}, {"value": "b@other.test"}],
    "groups": [{"value": "1", "display": "ml"}],
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('userName eq "bob@acme.test"', True),
        ("userName eq 'bob@acme.test'", True),
        ("USERNAME EQ bob@acme.test", True),
        ('userName ne "bob@acme.test"', False),
        ('userName ne "eve@acme.test"', True),
        ('displayName sw "bob"', True),
        ('displayName sw "the"', False),
        ('displayName co "THE"', True),
        (r'displayName eq "bob \"the\" and or"', True),
        ("active eq true", True),
        ("active eq false", False),
        ('name.givenName eq "robert"', True),
        ('emails eq "b@other.test"', True),
        ('emails.value co "other"', True),
        ('groups.display eq "ml"', True),
        ('userName eq "x" or active eq true and displayName sw "bob"', True),
        ('userName sw "bob" or userName eq "x" and active eq false', True),
        ('userName eq "x" AND active eq true', False),
        ("", True),
        (None, True),
    ],
)
def test_a_filter_holds(text: str | None, holds: bool) -> None:
    assert matching(text, KNOWN)(BOB) is holds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("userName", "an operator is missing"),
        ("userName eq", "a value is missing"),
        ("userName gt 1", "'gt' is not supported"),
        ("userName pr and active eq true", "'pr' is not supported"),
        ('password eq "x"', "'password' is not an attribute"),
        ('"userName" eq "x"', "not an attribute"),
        ('(userName eq "x")', "no brackets"),
        ('userName eq "x', "only simple expressions"),
        ('userName eq "x" userName', "is not 'and' or 'or'"),
        ("userName eq x and", "an attribute is missing"),
        ("not userName eq x", "'not' is not an attribute"),
    ],
)
def test_a_filter_that_cannot_be_read(text: str, reason: str) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        matching(text, KNOWN)
    assert reason in refusal.value.message


PARTS = st.sampled_from([*"ab \"'()[]\\", "userName", " eq ", " and ", " or ", "active"])


@given(st.lists(PARTS, max_size=30).map("".join))
def test_no_filter_does_anything_else(text: str) -> None:
    try:
        matching(text, KNOWN)(BOB)
    except InvalidFilter as refusal:
        assert refusal.message.startswith("Invalid filter")
