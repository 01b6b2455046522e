"""The files of volumes, as the root `/Volumes/<catalog>/<schema>/<volume>` of the workspace's storage.

Real: READ_VOLUME to read and WRITE_VOLUME to write, with the privileges to use what the volume is in; above the
volumes nothing can be read or written. Inferred: reading `/Volumes`, a catalog or a schema there is refused, as the
Files API is documented for what is in volumes only.
"""

from __future__ import annotations

from fakebricks.services.files.paths import Parts, joined
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.volumes import Volumes, directory_of
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue, NotFound

ROOT = "Volumes"
_DEPTH = 4


class VolumePrivileges:
    """Who may read and write below `/Volumes`."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def path(self, parts: Parts, caller: Caller, *, writing: bool) -> None:
        """Raise PermissionDenied where the caller may not read or write the volume's files."""
        if len(parts) >= _DEPTH:
            rule = Rule.WRITE_VOLUME if writing else Rule.READ_VOLUME
            self._authority.require(rule, _full_name(parts), caller)


class VolumeFiles:
    """Which paths below `/Volumes` may be read and written."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes

    def readable(self, parts: Parts) -> Parts:
        """The path as it is stored."""
        return self._stored(parts)

    def writable(self, parts: Parts) -> Parts:
        """The path as it is stored; the volume's own directory only goes away with the volume."""
        return self._stored(parts)

    def _stored(self, parts: Parts) -> Parts:
        if len(parts) < _DEPTH:
            form = "/Volumes/<catalog>/<schema>/<volume>"
            raise InvalidParameterValue(f"Invalid path: '{joined(parts)}' is not below '{form}'.")
        return (*directory_of(self._volumes.require(_full_name(parts))), *parts[_DEPTH:])


class StoredVolumeFiles:
    """The root `volumes.STORED` of the workspace's storage, which only signed URLs lead into.

    What a URL was signed for stays that volume's, under whichever name; where the volume is gone, so are its files.
    """

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes

    def readable(self, parts: Parts) -> Parts:
        """The path itself; the volume must still be there."""
        return self._checked(parts)

    def writable(self, parts: Parts) -> Parts:
        """The path itself; the volume must still be there."""
        return self._checked(parts)

    def _checked(self, parts: Parts) -> Parts:
        if len(parts) < 2 or self._volumes.by_id(parts[1]) is None:  # noqa: PLR2004 - the root and the id
            raise NotFound(f"The volume of '{joined(parts)}' does not exist.")
        return parts


def _full_name(parts: Parts) -> str:
    return ".".join(parts[1:_DEPTH])
