"""What privileges are granted on: the metastore, catalogs, schemas and what is in them.

Real: the hierarchy, in which each object has the parents that its name says. A registered model is a FUNCTION, and what
is refused on it is refused on a "Routine or Model" (observed).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks


class Kind(StrEnum):
    """The securable types that fakebricks has; the values are the platform's."""

    METASTORE = "METASTORE"
    CATALOG = "CATALOG"
    SCHEMA = "SCHEMA"
    TABLE = "TABLE"
    VOLUME = "VOLUME"
    FUNCTION = "FUNCTION"

    @property
    def noun(self) -> str:
        """How the platform's errors call one."""
        return "Routine or Model" if self is Kind.FUNCTION else self.value.title()

    @property
    def depth(self) -> int:
        """How many levels the name of one has; that of the metastore has none."""
        return {Kind.METASTORE: 0, Kind.CATALOG: 1, Kind.SCHEMA: 2}.get(self, 3)


_ELSEWHERE = frozenset(
    {
        "CLEAN_ROOM",
        "CONNECTION",
        "CREDENTIAL",
        "EXTERNAL_LOCATION",
        "EXTERNAL_METADATA",
        "PIPELINE",
        "PROVIDER",
        "RECIPIENT",
        "SHARE",
        "STAGING_TABLE",
        "STORAGE_CREDENTIAL",
    }
)
"""Securable types of the platform that fakebricks has none of."""


def kind_named(name: str) -> Kind:
    """The kind of that name, in whichever case.

    Raises:
        NotImplementedByFakebricks: the platform has such objects, and fakebricks does not.
        InvalidParameterValue: it is no securable type, or MODEL: models are granted on as functions (documented).
    """
    known = name.upper()
    if known in Kind.__members__:
        return Kind(known)
    if known in _ELSEWHERE:
        raise NotImplementedByFakebricks(
            f"fakebricks has no securables of the type '{known}'; there are {', '.join(Kind)}."
        )
    advice = " Registered models are of the type 'FUNCTION'." if known == "MODEL" else ""
    raise InvalidParameterValue(f"Invalid securable type '{name}'.{advice}")


@dataclass(frozen=True, slots=True)
class Securable:
    """One object, as far as privileges need to know it."""

    kind: Kind
    full_name: str
    id: str
    owner: str

    def __str__(self) -> str:
        return f"{self.kind.noun} '{self.full_name}'"


Line = tuple[Securable, ...]
"""An object and its parents, from the metastore down to it; what is missing ends it."""
