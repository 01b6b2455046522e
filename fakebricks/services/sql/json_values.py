"""What a path with `[*]`, as in `request:dataframe_records[*].amount`, comes to: a function that the engine calls.

Real (documented): `[*]` is each element of an array; the result is an array, flat, with null for elements that lack
what follows. Names are found in any case, names in `['...']` in theirs only. Of names that differ in case only, the one
that is written alike is taken, else the first, where the platform fails.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

NAME, EXACT_NAME, PLACE, EACH = "name", "exact", "place", "each"
Step = tuple[str, str | int]


def written(steps: Sequence[Step]) -> str:
    """A path as the function takes it."""
    return json.dumps(steps, ensure_ascii=False)


def json_value_at(text: str | None, path: str) -> str | None:
    """What is at a path of a JSON text; None where there is nothing, or the text is no JSON.

    >>> json_value_at('{"rows": [{"Amount": 1.5}, {}]}', written([(NAME, "rows"), (EACH, 0), (NAME, "amount")]))
    '[1.5,null]'
    """
    steps, names = _steps(path)
    if text is None or not _may_have(text, names):
        return None
    try:
        found: list[Any] = [json.loads(text)]
    except ValueError:
        return None
    several = False
    for kind, wanted in steps:
        if kind == EACH:
            if not several and not isinstance(found[0], list):
                return None
            several = True
            found = [one for value in found if isinstance(value, list) for one in value]
        else:
            found = [_of(value, kind, wanted) for value in found]
    return _text(found) if several else _text(found[0])


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """A path's steps, and the names of it that stand in a JSON text as they are."""
    steps = tuple((kind, wanted) for kind, wanted in json.loads(path))
    names = [wanted for kind, wanted in steps if kind in (NAME, EXACT_NAME)]
    return steps, tuple(name.lower() for name in names if json.dumps(name) == f'"{name}"')


def _may_have(text: str, names: Sequence[str]) -> bool:
    """Whether a text can have all names: most that lack one need not be read."""
    lowered = text.lower()
    return all(name in lowered for name in names) or "\\u" in text


def _of(value: Any, kind: str, wanted: str | int) -> Any:
    if isinstance(wanted, int):
        return value[wanted] if isinstance(value, list) and wanted < len(value) else None
    if not isinstance(value, dict):
        return None
    if wanted in value or kind == EXACT_NAME:
        return value.get(wanted)
    return next((one for name, one in value.items() if name.lower() == wanted.lower()), None)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
