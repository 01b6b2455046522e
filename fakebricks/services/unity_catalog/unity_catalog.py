"""Unity Catalog: one metastore's catalogs, schemas and tables.

Real: the name rules, the missing, duplicate and not-empty errors, `default` and `information_schema` in every new
catalog, `force`. Refused: renaming catalogs and schemas, creating tables over REST, foreign and shared catalogs,
privileges (everyone may do everything).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.names import checked_name, schema_levels, table_levels
from fakebricks.services.unity_catalog.records import CatalogRecord, ColumnRecord, SchemaRecord, TableRecord
from fakebricks.state import State
from fakebricks.wire.errors import (
    CatalogAlreadyExists,
    CatalogDoesNotExist,
    CatalogNotEmpty,
    InvalidParameterValue,
    SchemaAlreadyExists,
    SchemaDoesNotExist,
    SchemaNotEmpty,
    TableAlreadyExists,
    TableDoesNotExist,
)

SYSTEM_USER = "System user"
_INFORMATION_SCHEMA = "information_schema"


class SchemaContents(Protocol):
    """Something else that lives in schemas, whose service tells Unity Catalog how much of it there is."""

    def count_in(self, catalog: str, schema: str) -> int:
        """How many there are in a schema."""

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all of them from a schema."""


class UnityCatalog:
    """The objects of one metastore. Names may come in any case; they are stored in lower case.

    Args:
        bucket: where managed storage is; only model versions are ever stored there, and only by the route `s3`.
    """

    def __init__(self, state: State, ids: Ids, clock: Clock, *, bucket: str) -> None:
        self._state = state
        self._catalogs = state.table("catalogs", CatalogRecord)
        self._schemas = state.table("schemas", SchemaRecord)
        self._tables = state.table("tables", TableRecord)
        self._ids = ids
        self._clock = clock
        self._contents: dict[str, SchemaContents] = {}
        self._writers: list[Callable[[str], None]] = []
        self._bucket = bucket
        self.metastore_id = ids.uuid()

    @property
    def metastore_root(self) -> str:
        """Where managed storage starts."""
        return f"s3://{self._bucket}/{self.metastore_id}"

    def also_holds(self, kind: str, contents: SchemaContents) -> None:
        """Count `contents` when a schema must be empty, as `functions` or `volumes`, and remove them when forced."""
        self._contents[kind] = contents

    def also_writes(self, write: Callable[[str], None]) -> None:
        """Have `write(full_name)` called by `bring_up_to_date`, for a service that has rows of tables yet to write."""
        self._writers.append(write)

    def bring_up_to_date(self, full_name: str) -> None:
        """Have all rows that are due written to a table. It may take a while: never call it inside a transaction."""
        for write in self._writers:
            write(full_name)

    def create_catalog(
        self,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> CatalogRecord:
        """A new catalog, with its schemas `default` and `information_schema`.

        Raises:
            InvalidParameterValue: the name is not valid.
            CatalogAlreadyExists: there is one of that name.
        """
        stored = checked_name(name, "RPC CreateCatalog Field managedcatalog.CatalogInfo.name")
        if self._catalogs.get((stored,)):
            raise CatalogAlreadyExists(f"Catalog '{stored}' already exists")
        now = self._clock.millis()
        identity = self._ids.uuid()
        catalog = CatalogRecord(
            id=identity,
            name=stored,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            comment=comment,
            properties=dict(properties or {}),
            storage_root=storage_root,
            storage_location=f"{storage_root or self.metastore_root}/__unitystorage/catalogs/{identity}",
        )
        with self._state.transaction():
            self._catalogs.put((stored,), catalog)
            self._add_schema(stored, "default", owner, comment="Default schema (auto-created)")
            self._add_schema(stored, _INFORMATION_SCHEMA, SYSTEM_USER, comment="Information schema (auto-created)")
        return catalog

    def catalogs(self, after: str | None = None) -> Iterator[CatalogRecord]:
        """The catalogs by name, from the one after `after` on."""
        for _, catalog in self._catalogs.scan(after=None if after is None else (after,)):
            yield catalog

    def require_catalog(self, name: str) -> CatalogRecord:
        """The catalog of that name.

        Raises:
            CatalogDoesNotExist: there is none.
        """
        catalog = self._catalogs.get((name.lower(),))
        if catalog is None:
            raise CatalogDoesNotExist(f"Catalog '{name.lower()}' does not exist.")
        return catalog

    def update_catalog(self, name: str, user: str, changes: Mapping[str, object]) -> CatalogRecord:
        """Change `owner`, `comment`, `properties` or `isolation_mode`.

        Raises:
            CatalogDoesNotExist: there is none.
        """
        changed = replace(self.require_catalog(name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._catalogs.put((changed.name,), changed)
        return changed

    def delete_catalog(self, name: str, *, force: bool = False) -> None:
        """Remove a catalog; with `force`, also everything in it.

        Raises:
            CatalogDoesNotExist: there is none.
            CatalogNotEmpty: it has a schema other than `information_schema`, even `default` (inferred: Terraform's
                provider removes `default` of each catalog that it makes), and `force` is false.
        """
        catalog = self.require_catalog(name)
        schemas = list(self.schemas(catalog.name))
        own = [schema for schema in schemas if schema.name != _INFORMATION_SCHEMA]
        if own and not force:
            raise CatalogNotEmpty(f"Catalog '{catalog.name}' is not empty. The catalog has {len(own)} schema(s)")
        with self._state.transaction():
            for schema in schemas:
                self._remove_schema(schema)
            self._catalogs.delete((catalog.name,))

    def create_schema(
        self,
        catalog_name: str,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> SchemaRecord:
        """A new schema.

        Raises:
            CatalogDoesNotExist: there is no such catalog.
            InvalidParameterValue: the name is not valid.
            SchemaAlreadyExists: there is one of that name.
        """
        stored = checked_name(name, "RPC CreateSchema Field managedcatalog.SchemaInfo.name")
        catalog = self.require_catalog(catalog_name)
        if self._schemas.get((catalog.name, stored)):
            raise SchemaAlreadyExists(f"Schema '{catalog.name}.{stored}' already exists")
        return self._add_schema(
            catalog.name, stored, owner, comment=comment, properties=properties, storage_root=storage_root
        )

    def schemas(self, catalog: str, after: str | None = None) -> Iterator[SchemaRecord]:
        """The schemas of a catalog by name, from the one after `after` on; none where there is no such catalog."""
        prefix = (catalog.lower(),)
        for _, schema in self._schemas.scan(prefix, after=None if after is None else (*prefix, after)):
            yield schema

    def require_schema(self, catalog: str, schema: str) -> SchemaRecord:
        """The schema of that name.

        Raises:
            CatalogDoesNotExist: there is no such catalog.
            SchemaDoesNotExist: there is no such schema in it.
        """
        found = self._schemas.get((self.require_catalog(catalog).name, schema.lower()))
        if found is None:
            raise SchemaDoesNotExist(f"Schema '{catalog.lower()}.{schema.lower()}' does not exist.")
        return found

    def update_schema(self, full_name: str, user: str, changes: Mapping[str, object]) -> SchemaRecord:
        """Change `owner`, `comment` or `properties`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
        """
        found = self.require_schema(*schema_levels(full_name))
        changed = replace(found, updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._schemas.put((changed.catalog_name, changed.name), changed)
        return changed

    def delete_schema(self, full_name: str, *, force: bool = False) -> None:
        """Remove a schema; with `force`, also everything in it.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            SchemaNotEmpty: something is in it and `force` is false; the text is the platform's (observed). Models are
                counted as functions, which is the kind they are granted as (inferred).
        """
        schema = self.require_schema(*schema_levels(full_name))
        if schema.name == _INFORMATION_SCHEMA:
            raise InvalidParameterValue(f"Schema '{schema.full_name}' is managed by the system; it cannot be deleted.")
        if not force:
            self._require_empty(schema)
        with self._state.transaction():
            self._remove_schema(schema)

    def create_table(
        self,
        full_name: str,
        columns: Sequence[ColumnRecord],
        storage_location: str,
        owner: str,
        *,
        properties: Mapping[str, str] | None = None,
        comment: str | None = None,
    ) -> TableRecord:
        """Register a Delta table whose log is, or will be, at `storage_location`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the name is not valid.
            TableAlreadyExists: there is one of that name.
        """
        catalog, schema, name = table_levels(full_name)
        stored = checked_name(name, "RPC CreateTable Field managedcatalog.TableInfo.name")
        parent = self.require_schema(catalog, schema)
        key = (parent.catalog_name, parent.name, stored)
        if self._tables.get(key):
            raise TableAlreadyExists(f"Table '{'.'.join(key)}' already exists")
        now = self._clock.millis()
        table = TableRecord(
            id=self._ids.uuid(),
            catalog_name=parent.catalog_name,
            schema_name=parent.name,
            name=stored,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            columns=tuple(columns),
            storage_location=storage_location,
            properties=dict(properties or {}),
            comment=comment,
        )
        self._tables.put(key, table)
        return table

    def get_table(self, full_name: str) -> TableRecord | None:
        """The table of that name, or None, also where its parents are missing.

        Raises:
            InvalidParameterValue: the name does not have three levels.
        """
        return self._tables.get(table_levels(full_name))

    def require_table(self, full_name: str) -> TableRecord:
        """The table of that name.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing, or what it would be in.
        """
        catalog, schema, name = table_levels(full_name)
        self.require_schema(catalog, schema)
        table = self._tables.get((catalog, schema, name))
        if table is None:
            raise TableDoesNotExist(f"Table '{catalog}.{schema}.{name}' does not exist.")
        return table

    def tables(self, catalog: str, schema: str, after: str | None = None) -> Iterator[TableRecord]:
        """The tables of a schema by name, from the one after `after` on."""
        prefix = (catalog.lower(), schema.lower())
        for _, table in self._tables.scan(prefix, after=None if after is None else (*prefix, after)):
            yield table

    def update_table(self, full_name: str, user: str, changes: Mapping[str, object]) -> TableRecord:
        """Change `owner`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
        """
        changed = replace(
            self.require_table(full_name), updated_at=self._clock.millis(), updated_by=user, **dict(changes)
        )
        self._tables.put((changed.catalog_name, changed.schema_name, changed.name), changed)
        return changed

    def delete_table(self, full_name: str) -> None:
        """Forget a table; its files stay where they are.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
        """
        table = self.require_table(full_name)
        self._tables.delete((table.catalog_name, table.schema_name, table.name))

    def _add_schema(
        self,
        catalog: str,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> SchemaRecord:
        now = self._clock.millis()
        schema = SchemaRecord(
            id=self._ids.uuid(),
            catalog_name=catalog,
            name=name,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            comment=comment,
            properties=dict(properties or {}),
            storage_root=storage_root,
        )
        self._schemas.put((catalog, name), schema)
        return schema

    def _require_empty(self, schema: SchemaRecord) -> None:
        counts = {
            "tables": sum(1 for _ in self.tables(schema.catalog_name, schema.name)),
            "functions": self._count(schema, "functions"),
            "volumes": self._count(schema, "volumes"),
        }
        if any(counts.values()):
            told = ", ".join(f"{count} {kind}(s)" for kind, count in counts.items())
            raise SchemaNotEmpty(f"Schema '{schema.full_name}' is not empty. The schema has {told}")

    def _count(self, schema: SchemaRecord, kind: str) -> int:
        contents = self._contents.get(kind)
        return contents.count_in(schema.catalog_name, schema.name) if contents else 0

    def _remove_schema(self, schema: SchemaRecord) -> None:
        for contents in self._contents.values():
            contents.remove_from(schema.catalog_name, schema.name)
        for table in list(self.tables(schema.catalog_name, schema.name)):
            self._tables.delete((table.catalog_name, table.schema_name, table.name))
        self._schemas.delete((schema.catalog_name, schema.name))
