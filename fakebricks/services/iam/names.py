"""The names of people and groups: which there can be.

Inferred: that a name which could not be that of a home folder is refused; the platform takes email addresses only.
"""

from __future__ import annotations

from fakebricks.wire.errors import InvalidParameterValue

_LONGEST = 255
_NOT_IN_NAMES = frozenset('/\\"<>|')


def is_user_name(name: str) -> bool:
    """Whether it could be that of a home folder."""
    unusable = not name.isprintable() or name.strip() != name or name in {"", ".", ".."} or len(name) > _LONGEST
    return not (unusable or _NOT_IN_NAMES & set(name))


def checked_display_name(name: str, noun: str) -> str:
    """A name that people and groups are shown by.

    Raises:
        InvalidParameterValue: it is blank, longer than 255 characters, or has characters that cannot be seen.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise InvalidParameterValue(f"{name[:_LONGEST]!r} cannot be the name of a {noun}.")
    return name
