"""Paths of the workspace tree.

Real: absolute paths; a leading `/Workspace` names the same tree (observed: it is stripped from an experiment's name).
Refused: relative paths, `.` and `..`, empty parts, control characters, parts longer than 256 and paths longer than 1000
characters.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_PART = 256
_LONGEST_PATH = 1000


def normal(path: str) -> str | None:
    """The path as the tree holds it, or None where it is not the absolute path of anything."""
    if path == "/Workspace" or path.startswith("/Workspace/"):
        path = path.removeprefix("/Workspace") or "/"
    if path == "/":
        return path
    path = path.removesuffix("/")
    head, *parts = path.split("/")
    if head or not parts or len(path) > _LONGEST_PATH or _CONTROL.search(path):
        return None
    if any(part in ("", ".", "..") or len(part) > _LONGEST_PART for part in parts):
        return None
    return path


def split(path: str) -> tuple[str, str]:
    """The parent's path and the name of a normal path; the root's parent is the empty string."""
    parent, _, name = path.rpartition("/")
    return (parent or "/", name) if name else ("", "/")
