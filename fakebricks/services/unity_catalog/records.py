"""Stored shapes of Unity Catalog: the metastore, catalogs, schemas and what is in them, grants, tags."""

from __future__ import annotations

from typing import Any

from msgspec import field

from fakebricks.state import Record

ObjectKey = tuple[str, str, str]
"""Catalog, schema and name."""


class ObjectRecord(Record, frozen=True, kw_only=True):
    """What every object of Unity Catalog has. Times are milliseconds since the epoch."""

    id: str
    name: str
    owner: str
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


class MetastoreRecord(Record, frozen=True):
    """The one metastore; who owns it is its admin."""

    name: str
    owner: str
    default_catalog_name: str | None = None


class CatalogRecord(ObjectRecord, frozen=True, kw_only=True):
    storage_location: str
    storage_root: str | None = None
    isolation_mode: str = "OPEN"
    enable_predictive_optimization: str = "INHERIT"

    @property
    def full_name(self) -> str:
        return self.name


class SchemaRecord(ObjectRecord, frozen=True, kw_only=True):
    catalog_name: str
    storage_root: str | None = None
    enable_predictive_optimization: str = "INHERIT"

    @property
    def storage_location(self) -> str | None:
        """Where managed storage is, if the schema has its own (the form is observed)."""
        return None if self.storage_root is None else f"{self.storage_root}/__unitystorage/schemas/{self.id}"

    @property
    def full_name(self) -> str:
        return f"{self.catalog_name}.{self.name}"


class SchemaObjectRecord(ObjectRecord, frozen=True, kw_only=True):
    """What everything in a schema has, stored under its key."""

    catalog_name: str
    schema_name: str

    @property
    def key(self) -> ObjectKey:
        return self.catalog_name, self.schema_name, self.name

    @property
    def full_name(self) -> str:
        return f"{self.catalog_name}.{self.schema_name}.{self.name}"


class ColumnRecord(Record, frozen=True):
    """A column of a table."""

    name: str
    type_name: str
    """As the platform's enumeration says it: `STRING`, `LONG`, `STRUCT`..."""
    type_text: str
    """As SQL says it: `string`, `bigint`, `struct<a:int>`..."""
    nullable: bool = True
    comment: str | None = None
    partition_index: int | None = None


class ViewRecord(Record, frozen=True):
    """What a view shows."""

    definition: str
    """Its query, as it was written."""
    columns: tuple[str, ...]
    """Those of the query, in the order of the view's own."""
    catalog_name: str
    """Where the query looks for names that have no catalog, or no schema."""
    schema_name: str


class TableRecord(SchemaObjectRecord, frozen=True, kw_only=True):
    columns: tuple[ColumnRecord, ...]
    storage_location: str
    """Where the table's Delta log is: a local path or a URL."""
    table_type: str = "MANAGED"
    data_source_format: str = "DELTA"
    ordered_by: str | None = None
    """The column in whose order rows are read; Delta itself keeps none."""
    view: ViewRecord | None = None
    """What it shows where it is a view, which has no rows of its own."""


class VolumeRecord(SchemaObjectRecord, frozen=True, kw_only=True):
    storage_location: str
    """Where the platform would keep its files; here it is only named."""
    volume_type: str = "MANAGED"


class VolumePlace(Record, frozen=True):
    """Which volume has an id, stored under it: the key of its record."""

    catalog_name: str
    schema_name: str
    name: str


class GrantRecord(Record, frozen=True):
    """What a principal was granted on one object, stored under the object's id and the principal."""

    principal: str
    privileges: frozenset[str]


class DeltaVersionRecord(Record, frozen=True):
    """The last commit of a table's Delta log when a snapshot was taken, stored under the table's id."""

    version: int


class FunctionRecord(SchemaObjectRecord, frozen=True, kw_only=True):
    definition: dict[str, Any]
    """What makes it a function, as its creator said it: parameters, types, language, body..."""


class TagAssignmentRecord(Record, frozen=True):
    """A tag of an object, stored under the object's id and its own key."""

    tag_key: str
    tag_value: str
    updated_at: int
    updated_by: str
