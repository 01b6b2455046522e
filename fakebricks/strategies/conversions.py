"""What MLflow makes of JSON that is not what a column declares: refuses it, or converts it without a word.

Observed in MLflow 2.22 and 3.17, with each of the samples below in all rows of a column. Frames are converted by
pandas, `inputs` and `instances` by numpy. Where versions of either differ, or where they warn, there is no verdict.
"""

from __future__ import annotations

from typing import Any, Final

from fakebricks.strategies.declared import Anything, ArrayOf, MapOf, ObjectOf, Scalar, Type
from fakebricks.strategies.formats import Layout

SAMPLES: Final[dict[str, Any]] = {
    "a whole number": 7,
    "a fraction": 0.5,
    "a boolean": True,
    "text": "text",
    "base64": "eHg=",
    "a date": "2000-01-01T00:00:00",
    "a list": [7],
    "an object": {"key": 7},
}

OWN: Final[dict[str, tuple[str, ...]]] = {
    "long": ("a whole number",),
    "integer": ("a whole number",),
    "float": ("a fraction", "a whole number"),
    "double": ("a fraction", "a whole number"),
    "boolean": ("a boolean",),
    "string": ("text", "base64", "a date"),
    "binary": ("base64", "text"),
    "datetime": ("a date",),
}

_NUMBERS = ("a whole number", "a fraction", "a boolean")
_TEXTS = ("text", "base64", "a date")
_NESTED = ("a list", "an object")

# by pandas, `astype` for most: it cuts fractions off, and finds truth in anything
_REFUSED_IN_FRAMES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("long", "integer", "float", "double"), (*_TEXTS, *_NESTED)),
    "boolean": (),
    "string": (),
    "binary": (*_NUMBERS, *_NESTED, "a date"),  # text of a length that is none of base64's
    "datetime": ("text", "base64", *_NESTED),
}
_ACCEPTED_IN_FRAMES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("long", "integer", "float", "double"), _NUMBERS),
    "boolean": (*_NUMBERS, *_TEXTS),
    "string": (*_NUMBERS, *_TEXTS, *_NESTED),
    "binary": ("text", "base64"),
    "datetime": ("a whole number", "a fraction", "a date"),
}
# by numpy, which reads text, bytes and truth from almost anything
_REFUSED_IN_ARRAYS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("long", "integer", "float", "double"), (*_TEXTS, *_NESTED)),
    "boolean": (),
    "string": (),
    "binary": (),
    "datetime": ("text", "base64", "a fraction", *_NESTED),
}
_ACCEPTED_IN_ARRAYS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("long", "integer", "float", "double"), _NUMBERS),
    "boolean": _NUMBERS,
    "string": (*_NUMBERS, *_TEXTS, "an object"),
    "binary": (*_NUMBERS, *_TEXTS),
    "datetime": ("a whole number", "a date"),
}
_NULL_REFUSED_IN_FRAMES = ("long", "integer", "binary")
_NULL_REFUSED_IN_ARRAYS = ("long", "integer")


def refuses(type_: Type, sample: str, layout: Layout) -> bool | None:
    """Whether MLflow refuses the sample in a column of the type; None where it depends."""
    if layout is Layout.MATRIX and sample in _NESTED:
        return None  # lists are rows there, and an object is a row with names
    match type_:
        case Scalar(name):
            refused, accepted = (
                (_REFUSED_IN_FRAMES, _ACCEPTED_IN_FRAMES)
                if layout.is_frame
                else (_REFUSED_IN_ARRAYS, _ACCEPTED_IN_ARRAYS)
            )
            return True if sample in refused[name] else False if sample in accepted[name] else None
        case ArrayOf():
            return None if sample == "a list" else True
        case ObjectOf() | MapOf():
            return None if sample == "an object" else True
        case Anything():
            return False


def refuses_null(type_: Type, *, required: bool, layout: Layout) -> bool | None:
    """Whether MLflow refuses null in one row of a column of the type; None where it depends."""
    if isinstance(type_, Scalar):
        return type_.name in (_NULL_REFUSED_IN_FRAMES if layout.is_frame else _NULL_REFUSED_IN_ARRAYS)
    takes_null = not required or _holds_anything(type_)
    if not layout.is_frame:
        return None if takes_null else True
    return not takes_null


def _holds_anything(type_: Type) -> bool:
    """Whether it is an array or map of anything, for which null will do."""
    inner = type_.items if isinstance(type_, ArrayOf) else type_.values if isinstance(type_, MapOf) else type_
    return isinstance(inner, Anything)
