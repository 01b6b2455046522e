"""Absolute paths of the workspace's storage, checked in one place.

Real: what is not absolute, climbs out with `..`, has empty or `.` parts, control characters or is too long is refused
before anything is looked up. The longest path is a guess (inferred from object stores' 1024 bytes per key).
"""

from __future__ import annotations

from fakebricks.wire.errors import InvalidParameterValue

Parts = tuple[str, ...]

_MOST_BYTES = 1024
_FIRST_PRINTABLE = 0x20
_DELETE = 0x7F


def parts_of(path: str) -> Parts:
    """The parts of an absolute path; a slash at its end, as directories are often written, is left out.

    Raises:
        InvalidParameterValue: the path breaks a rule.

    >>> parts_of("/Models/prod/ml/")
    ('Models', 'prod', 'ml')
    """
    if not path.startswith("/"):
        raise InvalidParameterValue(f"Invalid path {path!r}: it must be absolute, starting with '/'.")
    return relative_parts_of(path.removeprefix("/"))


def relative_parts_of(path: str) -> Parts:
    """The parts of a path below some directory; the empty path is that directory itself.

    Raises:
        InvalidParameterValue: the path breaks a rule.
    """
    trimmed = path.removesuffix("/")
    if not trimmed and path in ("", "/"):
        return ()
    parts = tuple(trimmed.split("/"))
    if any(part in ("", ".", "..") for part in parts):
        raise InvalidParameterValue(f"Invalid path {path!r}: a part of it is empty, '.' or '..'.")
    if any(ord(one) < _FIRST_PRINTABLE or ord(one) == _DELETE for one in trimmed):
        raise InvalidParameterValue(f"Invalid path {path!r}: it has control characters.")
    if len(trimmed.encode(errors="replace")) > _MOST_BYTES:
        raise InvalidParameterValue(f"Invalid path: it is longer than {_MOST_BYTES} bytes.")
    return parts


def joined(parts: Parts) -> str:
    """The absolute path of these parts."""
    return "/" + "/".join(parts)
