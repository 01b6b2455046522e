"""What a caller must be allowed in the Files API: each root of the storage may have somebody who decides.

Real: artifacts, as the permissions on their experiment say; volumes and model files, as Unity Catalog's privileges
say. A signed URL is for whoever has it; that its maker may do what it is for was seen to when it was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fakebricks.services.files.paths import Parts, joined, parts_of
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied
from fakebricks.wire.operations import Call


class PathJudge(Protocol):
    """Who decides on the paths of a root."""

    def path(self, parts: Parts, caller: Caller, *, writing: bool) -> None:
        """Raise PermissionDenied where the caller may not."""


class PathPrivileges:
    """Decides on the paths of the Files API."""

    def __init__(self, judges: Mapping[str, PathJudge]) -> None:
        self._judges = judges

    def require(self, path: str, caller: Caller, *, writing: bool) -> None:
        """Raise PermissionDenied where the caller may not read or write at a path; where only URLs lead, nobody may."""
        parts = parts_of(path)
        if parts and parts[0].startswith("_"):
            raise PermissionDenied(f"'{joined(parts)}' can only be reached by signed URLs.")
        judge = self._judges.get(parts[0]) if parts else None
        if judge is not None:
            judge.path(parts, caller, writing=writing)


def reads(privileges: PathPrivileges, call: Call, body: Any) -> None:
    """To read at the path that the request names."""
    privileges.require(_absolute(body.path), call.caller, writing=False)


def writes(privileges: PathPrivileges, call: Call, body: Any) -> None:
    """To write at the path that the request names."""
    privileges.require(_absolute(body.path), call.caller, writing=True)


def _absolute(path: str) -> str:
    """The path; a URL says it without its first slash, a body with it."""
    return path if path.startswith("/") else f"/{path}"
