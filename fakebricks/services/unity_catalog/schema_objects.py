"""What tables, volumes and functions have in common: objects that are found by catalog, schema and name.

Each kind has a module of its own, which says how one is made, and what else there is to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, object_levels
from fakebricks.services.unity_catalog.records import ObjectKey, SchemaObjectRecord
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import DatabricksError, ResourceAlreadyExists, ResourceDoesNotExist

R = TypeVar("R", bound=SchemaObjectRecord)


class SchemaObjects(Generic[R]):
    """The objects of one kind in all schemas. A subclass says which, and makes them.

    Attributes:
        kind: as what they are granted on.
        stored_as: the name of their table in the state, and the shape of its records.
        name_field: what the platform calls the field of a name, in the refusal of one that is not valid.
        missing: the error where there is none of a name.
        taken: the error where there is one already.
    """

    kind: ClassVar[Kind]
    stored_as: ClassVar[tuple[str, type[Any]]]
    name_field: ClassVar[str]
    missing: ClassVar[type[DatabricksError]] = ResourceDoesNotExist
    taken: ClassVar[type[DatabricksError]] = ResourceAlreadyExists

    def __init__(self, state: State, ids: Ids, clock: Clock, unity_catalog: UnityCatalog, grants: Grants) -> None:
        self._state = state
        self._records = state.table(*self.stored_as)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._grants = grants
        unity_catalog.also_holds(self)

    def get(self, full_name: str) -> R | None:
        """The object of that name, or None, also where its parents are missing.

        Raises:
            InvalidParameterValue: the name does not have three levels.
        """
        return self._records.get(object_levels(full_name))

    def require(self, full_name: str) -> R:
        """The object of that name.

        Raises:
            InvalidParameterValue: the name does not have three levels.
            CatalogDoesNotExist, SchemaDoesNotExist, or the kind's own error: it is missing, or what it would be in.
        """
        key = object_levels(full_name)
        self._unity_catalog.require_schema(*key[:2])
        found: R | None = self._records.get(key)
        if found is None:
            raise self.missing(f"{self.kind.noun} '{'.'.join(key)}' does not exist.")
        return found

    def require_free(self, full_name: str) -> ObjectKey:
        """Catalog, schema and name of an object that can be made.

        Raises:
            InvalidParameterValue: the name is not valid, or the schema is the system's.
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            ResourceAlreadyExists, or the kind's own error: there is one of that name.
        """
        catalog, schema, name = object_levels(full_name)
        return self._free(catalog, schema, name, self.name_field)

    def list(self, catalog: str, schema: str, after: str | None = None) -> Iterator[R]:
        """Those of a schema by name, from the one after `after` on."""
        prefix = (catalog.lower(), schema.lower())
        for _, record in self._records.scan(prefix, after=None if after is None else (*prefix, after)):
            yield record

    def all(self) -> Iterator[R]:
        """All of them, by name."""
        for _, record in self._records.scan():
            yield record

    def update(self, full_name: str, user: str, changes: Mapping[str, object]) -> R:
        """Change fields of an object, such as `owner`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, or the kind's own error: it is missing.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self._unity_catalog.check_owner(changes)
        changed: R = replace(self.require(full_name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._put(changed)
        return changed

    def delete(self, full_name: str) -> None:
        """Remove an object, with the grants on it.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, or the kind's own error: it is missing.
        """
        self._remove(self.require(full_name))

    # What Unity Catalog asks of everything that lives in its schemas

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The object of that name, or None."""
        record = self._records.get((catalog, schema, name))
        return Securable(self.kind, record.full_name, record.id, record.owner) if record else None

    def count_in(self, catalog: str, schema: str) -> int:
        """How many a schema has."""
        return sum(1 for _ in self._records.scan((catalog, schema)))

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all of a schema."""
        for record in tuple(self.list(catalog, schema)):
            self._remove(record)

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take those of a schema along to its new name."""
        for record in tuple(self.list(*schema)):
            self._records.delete(record.key)
            self._put(replace(record, catalog_name=target[0], schema_name=target[1]))

    def _made(self, key: ObjectKey, owner: str) -> dict[str, Any]:
        """What a new object's record has whatever its kind."""
        now = self._clock.millis()
        return {
            "id": self._ids.uuid(),
            "catalog_name": key[0],
            "schema_name": key[1],
            "name": key[2],
            "owner": owner,
            "created_at": now,
            "created_by": owner,
            "updated_at": now,
            "updated_by": owner,
        }

    def _free(self, catalog: str, schema: str, name: str, field: str) -> ObjectKey:
        stored = checked_name(name, field)
        parent = self._unity_catalog.require_open_schema(catalog, schema)
        key = (parent.catalog_name, parent.name, stored)
        if self._unity_catalog.find(self.kind, *key):
            raise self.taken(f"{self.kind.noun} '{'.'.join(key)}' already exists")
        return key

    def _put(self, record: R) -> None:
        self._records.put(record.key, record)

    def _remove(self, record: R) -> None:
        self._grants.forget(record.id)
        self._records.delete(record.key)
