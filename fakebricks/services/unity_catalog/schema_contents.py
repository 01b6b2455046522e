"""What lives in schemas: each kind of object has a module of its own, which tells Unity Catalog what there is of it.

Real: a schema that is not empty is said to be so in the platform's words (observed): three kinds in this order, where
registered models are counted as functions, which is the kind that they are granted as (inferred).
"""

from __future__ import annotations

from typing import Protocol

from fakebricks.services.unity_catalog.securables import Kind, Securable

_COUNTED = {Kind.TABLE: "tables", Kind.FUNCTION: "functions", Kind.VOLUME: "volumes"}


class SchemaContents(Protocol):
    """A kind of object that lives in schemas. All names that it is asked with are in lower case."""

    @property
    def kind(self) -> Kind:
        """As what it is granted on; several modules may have objects of one kind, which then share their names."""

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The one of that name, or None."""

    def count_in(self, catalog: str, schema: str) -> int:
        """How many there are in a schema."""

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all of them from a schema."""

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take all of them along when a schema, by catalog and name, gets another name; they keep their ids."""


class AllContents:
    """All that lives in the schemas of one metastore."""

    def __init__(self) -> None:
        self._contents: list[SchemaContents] = []

    def add(self, contents: SchemaContents) -> None:
        """One kind more."""
        self._contents.append(contents)

    def find(self, kind: Kind, catalog: str, schema: str, name: str) -> Securable | None:
        """The object of that kind and name, or None."""
        candidates = (one.find(catalog, schema, name) for one in self._contents if one.kind is kind)
        return next((found for found in candidates if found is not None), None)

    def told_in(self, catalog: str, schema: str) -> str:
        """How many of which kinds are in a schema, as the platform says it; nothing where it is empty."""
        counts = dict.fromkeys(_COUNTED, 0)
        for one in self._contents:
            counts[one.kind] += one.count_in(catalog, schema)
        if not any(counts.values()):
            return ""
        return ", ".join(f"{count} {_COUNTED[kind]}(s)" for kind, count in counts.items())

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove everything from a schema."""
        for one in self._contents:
            one.remove_from(catalog, schema)

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take everything along to another name of a schema."""
        for one in self._contents:
            one.move(schema, target)
