"""Clauses that several commands have: kinds of objects, IF EXISTS, comments, properties, principals, patterns."""

from __future__ import annotations

import re

from fakebricks.services.sql.errors import refused
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.securables import Kind

OBJECTS = {
    "METASTORE": Kind.METASTORE,
    "CATALOG": Kind.CATALOG,
    "SCHEMA": Kind.SCHEMA,
    "DATABASE": Kind.SCHEMA,
    "TABLE": Kind.TABLE,
    "VIEW": Kind.TABLE,
    "VOLUME": Kind.VOLUME,
    "FUNCTION": Kind.FUNCTION,
    "MODEL": Kind.FUNCTION,
}
_ELSEWHERE = ("CONNECTION", "SHARE", "RECIPIENT", "PROVIDER", "EXTERNAL", "STORAGE", "SERVICE", "CREDENTIAL")
_MORE_ELSEWHERE = ("TEMPORARY", "TEMP", "GLOBAL", "MATERIALIZED", "STREAMING", "OR", "ROLE", "BLOOMFILTER", "POLICY")


def kind_of(words: Words) -> Kind:
    """Go over the word for a kind of object.

    Raises:
        SqlError: something else is next.
        NotImplementedByFakebricks: there are none of that kind.
    """
    if words.next.says(*_ELSEWHERE, *_MORE_ELSEWHERE):
        raise refused(f"statements about {_kind_told(words)} objects")
    if not words.next.says(*OBJECTS):
        words.wrong()
    return OBJECTS[words.word().text.upper()]


def _kind_told(words: Words) -> str:
    """The words for a kind of object that there are none of: `TEMPORARY VIEW`."""
    words.take("OR", "REPLACE")
    told = []
    while words.next.says(*OBJECTS, *_ELSEWHERE, *_MORE_ELSEWHERE, "LOCATION"):
        told.append(words.word().text.upper())
    return " ".join(told)


def exists_clause(words: Words, *negation: str) -> bool:
    """Go over IF EXISTS, or IF NOT EXISTS; whether it was there."""
    if not words.take("IF"):
        return False
    words.expect(*negation, "EXISTS")
    return True


def comment_of(words: Words) -> str | None:
    """Go over a comment, which NULL takes away."""
    return None if words.take("NULL") else words.string()


def principal_of(words: Words) -> str:
    """Go over a principal: in backquotes where it is more than a word."""
    return words.name()


def properties_of(words: Words) -> dict[str, str]:
    """Go over `('key' = 'value', ...)`; keys may be names with dots."""
    found: dict[str, str] = {}
    words.expect("(")
    while True:
        key = key_of(words)
        words.take("=")
        word = words.word()
        found[key] = word.value if word.value is not None else word.text.lower()
        if not words.take(","):
            break
    words.expect(")")
    return found


def keys_of(words: Words) -> list[str]:
    """Go over `('key', ...)`."""
    words.expect("(")
    found = [key_of(words)]
    while words.take(","):
        found.append(key_of(words))
    words.expect(")")
    return found


def key_of(words: Words) -> str:
    """Go over the key of a property."""
    return words.string() if words.next.value is not None else ".".join(words.names())


def pattern_of(words: Words) -> re.Pattern[str]:
    """Go over `[LIKE] 'pattern'`, in which `*` stands for anything and `|` for or; what it matches."""
    liked = words.take("LIKE")
    if not liked and words.next.value is None:
        return re.compile(".*", re.DOTALL)
    choices = words.string().split("|")
    alternatives = ("".join(".*" if sign == "*" else re.escape(sign) for sign in one.strip()) for one in choices)
    return re.compile("|".join(alternatives), re.DOTALL | re.IGNORECASE)
