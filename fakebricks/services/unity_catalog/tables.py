"""Tables and views of Unity Catalog: what it knows of them. The rows of tables are in Delta; see `delta_tables.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord, ViewRecord
from fakebricks.services.unity_catalog.schema_objects import SchemaObjects
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.wire.errors import InvalidParameterValue, TableAlreadyExists, TableDoesNotExist

VIEW = "VIEW"
"""The type of a table that is a view."""


class IsAView(InvalidParameterValue):
    """It has no rows of its own."""

    def __init__(self, full_name: str) -> None:
        super().__init__(f"'{full_name}' is a view, and this takes a table.")  # Spark's words; elsewhere inferred


class Tables(SchemaObjects[TableRecord]):
    """The tables of one metastore. Deleting one forgets it; its files stay where they are."""

    kind = Kind.TABLE
    stored_as = ("tables", TableRecord)
    name_field = "RPC CreateTable Field managedcatalog.TableInfo.name"
    missing = TableDoesNotExist
    taken = TableAlreadyExists

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
        table_id: str | None = None,
    ) -> TableRecord:
        """Register a Delta table whose log is, or will be, at `storage_location`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the name is not valid, or the schema is the system's.
            TableAlreadyExists: there is one of that name.
        """
        made = self._made(self.require_free(full_name), owner)
        table = TableRecord(
            **made | ({"id": table_id} if table_id else {}),
            columns=tuple(columns),
            storage_location=storage_location,
            properties=dict(properties or {}),
            comment=comment,
            ordered_by=ordered_by,
        )
        self._put(table)
        return table

    def create_view(
        self,
        full_name: str,
        owner: str,
        *,
        columns: Sequence[ColumnRecord],
        view: ViewRecord,
        properties: Mapping[str, str],
        comment: str | None,
    ) -> TableRecord:
        """Register a view.

        Raises:
            Others: as `create`.
        """
        made = TableRecord(
            **self._made(self.require_free(full_name), owner),
            columns=tuple(columns),
            storage_location="",
            table_type=VIEW,
            data_source_format="UNKNOWN_DATA_SOURCE_FORMAT",  # inferred
            properties=dict(properties),
            comment=comment,
            view=view,
        )
        self._put(made)
        return made

    def of_catalog(self, catalog: str, after: tuple[str, str] | None = None) -> Iterator[TableRecord]:
        """The tables of a catalog by schema and name, from the one after `after` on."""
        prefix = (catalog.lower(),)
        for _, table in self._records.scan(prefix, after=None if after is None else (*prefix, *after)):
            yield table
