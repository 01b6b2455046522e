"""What can be asked of statements: how long to wait, how the result is wanted, parameters and limits.

Real: 0 or 5 to 50 seconds, at most 16 MiB of text, Arrow and CSV by links only (documented). Refused: parameters of
nested types, as on the platform (documented). Inferred: the texts.
"""

from __future__ import annotations

import re

from fakebricks.services.sql.records import Submission
from fakebricks.services.sql.statements import Wait
from fakebricks.wire.errors import InvalidParameterValue

_MOST_BYTES = 16 * 1024 * 1024
_SECONDS = re.compile(r"([0-9]{1,3})s")
_SHORTEST, _LONGEST = 5, 50
_TYPE = re.compile(r"[a-z_]+(?: [a-z]+){0,3}(?:\(\s*\d{1,3}\s*(?:,\s*\d{1,3}\s*)?\))?", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d]\w*")
_NESTED = frozenset({"array", "map", "struct", "variant", "object"})


def wait_of(wait_timeout: str, on_wait_timeout: str) -> Wait:
    """How long to wait.

    Raises:
        InvalidParameterValue: that is no time that one can wait.
    """
    said = _SECONDS.fullmatch(wait_timeout)
    seconds = int(said[1]) if said else -1
    if seconds != 0 and not _SHORTEST <= seconds <= _LONGEST:
        raise InvalidParameterValue(
            f"wait_timeout must be 0s, or from {_SHORTEST}s to {_LONGEST}s, and is '{wait_timeout[:64]}'."
        )
    return Wait(seconds, then_cancel=on_wait_timeout == "CANCEL" and seconds > 0)


def check(asked: Submission) -> None:
    """Refuse what no statement can be.

    Raises:
        InvalidParameterValue: any of what the module says.
    """
    if not asked.statement.strip():
        raise InvalidParameterValue("The statement must not be empty.")
    if len(asked.statement.encode(errors="replace")) > _MOST_BYTES:
        raise InvalidParameterValue(f"The statement is longer than {_MOST_BYTES} bytes.")
    if asked.format != "JSON_ARRAY" and asked.disposition == "INLINE":
        raise InvalidParameterValue(f"The format {asked.format} takes the disposition EXTERNAL_LINKS.")
    for name, limit in (("row_limit", asked.row_limit), ("byte_limit", asked.byte_limit)):
        if limit is not None and limit < 1:
            raise InvalidParameterValue(f"{name} must be at least 1, and is {limit}.")
    _check_parameters(asked)


def _check_parameters(asked: Submission) -> None:
    seen: set[str] = set()
    for one in asked.parameters:
        if one.name and _NAME.fullmatch(one.name) is None:
            raise InvalidParameterValue(f"'{one.name[:64]}' is not a valid name of a parameter.")
        if one.name in seen:
            raise InvalidParameterValue(f"The parameter '{one.name[:64]}' is given twice.")
        seen.update([one.name] if one.name else [])  # those of `?` have none
        word = one.type.partition("(")[0].strip().lower()
        if _TYPE.fullmatch(one.type) is None or word in _NESTED:
            raise InvalidParameterValue(
                f"'{one.type[:64]}' is not a valid type of a parameter: parameter '{one.name[:64]}'."
            )
