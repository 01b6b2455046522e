"""Stored shapes of Unity Catalog: catalogs, schemas, tables."""

from __future__ import annotations

from msgspec import field

from fakebricks.state import Record


class Securable(Record, frozen=True, kw_only=True):
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


class CatalogRecord(Securable, frozen=True, kw_only=True):
    storage_location: str
    storage_root: str | None = None
    isolation_mode: str = "OPEN"


class SchemaRecord(Securable, frozen=True, kw_only=True):
    catalog_name: str
    storage_root: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.catalog_name}.{self.name}"


class ColumnRecord(Record, frozen=True):
    """A column of a table."""

    name: str
    type_name: str
    """As the platform's enumeration says it: `STRING`, `LONG`, `STRUCT`..."""
    type_text: str
    """As SQL says it: `string`, `bigint`, `struct<a:int>`..."""
    nullable: bool = True
    comment: str | None = None


class TableRecord(Securable, frozen=True, kw_only=True):
    catalog_name: str
    schema_name: str
    columns: tuple[ColumnRecord, ...]
    storage_location: str
    """Where the table's Delta log is: a local path or a URL."""
    table_type: str = "MANAGED"
    data_source_format: str = "DELTA"

    @property
    def full_name(self) -> str:
        return f"{self.catalog_name}.{self.schema_name}.{self.name}"
