"""Tables of Unity Catalog: what it knows of them. Their rows are in Delta; see `delta_tables.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, object_levels
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import TableAlreadyExists, TableDoesNotExist


class Tables:
    """The tables of one metastore."""

    kind = Kind.TABLE

    def __init__(self, state: State, ids: Ids, clock: Clock, unity_catalog: UnityCatalog, grants: Grants) -> None:
        self._tables = state.table("tables", TableRecord)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._grants = grants
        unity_catalog.also_holds(self)

    def create(
        self,
        full_name: str,
        columns: Sequence[ColumnRecord],
        storage_location: str,
        owner: str,
        *,
        properties: Mapping[str, str] | None = None,
        comment: str | None = None,
        ordered_by: str | None = None,
    ) -> TableRecord:
        """Register a Delta table whose log is, or will be, at `storage_location`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the name is not valid, or the schema is the system's.
            TableAlreadyExists: there is one of that name.
        """
        key = self.require_free(full_name)
        now = self._clock.millis()
        table = TableRecord(
            id=self._ids.uuid(),
            catalog_name=key[0],
            schema_name=key[1],
            name=key[2],
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            columns=tuple(columns),
            storage_location=storage_location,
            properties=dict(properties or {}),
            comment=comment,
            ordered_by=ordered_by,
        )
        self._tables.put(key, table)
        return table

    def require_free(self, full_name: str) -> tuple[str, str, str]:
        """Catalog, schema and name of a table that can be created.

        Raises:
            as `create`.
        """
        catalog, schema, name = object_levels(full_name)
        stored = checked_name(name, "RPC CreateTable Field managedcatalog.TableInfo.name")
        self._unity_catalog.require_open_schema(catalog, schema)
        if self._tables.get((catalog, schema, stored)):
            raise TableAlreadyExists(f"Table '{catalog}.{schema}.{stored}' already exists")
        return catalog, schema, stored

    def get(self, full_name: str) -> TableRecord | None:
        """The table of that name, or None, also where its parents are missing.

        Raises:
            InvalidParameterValue: the name does not have three levels.
        """
        return self._tables.get(object_levels(full_name))

    def require(self, full_name: str) -> TableRecord:
        """The table of that name.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing, or what it would be in.
        """
        catalog, schema, name = object_levels(full_name)
        self._unity_catalog.require_schema(catalog, schema)
        table = self._tables.get((catalog, schema, name))
        if table is None:
            raise TableDoesNotExist(f"Table '{catalog}.{schema}.{name}' does not exist.")
        return table

    def list(self, catalog: str, schema: str, after: str | None = None) -> Iterator[TableRecord]:
        """The tables of a schema by name, from the one after `after` on."""
        prefix = (catalog.lower(), schema.lower())
        for _, table in self._tables.scan(prefix, after=None if after is None else (*prefix, after)):
            yield table

    def of_catalog(self, catalog: str, after: tuple[str, str] | None = None) -> Iterator[TableRecord]:
        """The tables of a catalog by schema and name, from the one after `after` on."""
        prefix = (catalog.lower(),)
        for _, table in self._tables.scan(prefix, after=None if after is None else (*prefix, *after)):
            yield table

    def all(self) -> Iterator[TableRecord]:
        """All tables, by name."""
        for _, table in self._tables.scan():
            yield table

    def update(self, full_name: str, user: str, changes: Mapping[str, object]) -> TableRecord:
        """Change `owner`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self._unity_catalog.check_owner(changes)
        changed = replace(self.require(full_name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._tables.put((changed.catalog_name, changed.schema_name, changed.name), changed)
        return changed

    def delete(self, full_name: str) -> None:
        """Forget a table; its files stay where they are.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
        """
        self._remove(self.require(full_name))

    # What Unity Catalog asks of everything that lives in its schemas

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The table of that name, or None."""
        table = self._tables.get((catalog, schema, name))
        return Securable(self.kind, table.full_name, table.id, table.owner) if table else None

    def count_in(self, catalog: str, schema: str) -> int:
        """How many tables a schema has."""
        return sum(1 for _ in self._tables.scan((catalog, schema)))

    def remove_from(self, catalog: str, schema: str) -> None:
        """Forget all tables of a schema."""
        for _, table in list(self._tables.scan((catalog, schema))):
            self._remove(table)

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take the tables of a schema along to its new name; their files stay where they are."""
        for key, table in list(self._tables.scan(schema)):
            self._tables.delete(key)
            self._tables.put((*target, table.name), replace(table, catalog_name=target[0], schema_name=target[1]))

    def _remove(self, table: TableRecord) -> None:
        self._grants.forget(table.id)
        self._tables.delete((table.catalog_name, table.schema_name, table.name))
