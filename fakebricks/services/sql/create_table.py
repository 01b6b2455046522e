"""CREATE TABLE, also AS SELECT and OR REPLACE.

Real: managed Delta tables; a table that is replaced keeps its id, grants and history. Only stored: PRIMARY KEY and
FOREIGN KEY, which the platform does not enforce either, and CLUSTER BY, as properties of the table.
Refused: other formats, places of a statement's own, generated columns, defaults, CHECK, clones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from fakebricks.services.sql import Result, SqlError, dialect
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.describe import CLUSTERING, FOREIGN_KEY, PRIMARY_KEY
from fakebricks.services.sql.errors import refused, syntax_error
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.references import levels_of
from fakebricks.services.sql.results import counted, nothing
from fakebricks.services.sql.rows import collected, planned, put
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns, partition_columns
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.tables import IsAView
from fakebricks.wire.errors import DatabricksError

if TYPE_CHECKING:
    from sqlglot import exp

_UNCOMPUTED = ("clone", "with_", "indexes", "no_schema_binding", "begin")


class CreateTable:
    """Makes tables in one metastore."""

    def __init__(self, metastore: Metastore, reader: Reader) -> None:
        self._metastore = metastore
        self._reader = reader

    def execute(self, asked: Asked) -> Result:
        """CREATE [OR REPLACE] TABLE [IF NOT EXISTS]."""
        from sqlglot import exp

        parameters = Parameters(asked.parameters)
        tree = dialect.parsed(parameters.written(asked.words))
        if not isinstance(tree, exp.Create) or tree.args["kind"].upper() != "TABLE":
            raise syntax_error(asked.words.next.text)
        for part in _UNCOMPUTED:
            if tree.args.get(part):
                raise refused(f"{part.strip('_').upper()} in CREATE TABLE")
        named = tree.this
        table, listed = (named.this, named.expressions) if isinstance(named, exp.Schema) else (named, [])
        name = asked.full_name(levels_of(table))
        if asked.caller is not None:
            self._metastore.authority.require(Rule.CREATE_TABLE, name.rpartition(".")[0], asked.caller)
        there = self._metastore.tables.get(name) if name.count(".") == 2 else None  # noqa: PLR2004 - three levels
        if there is not None and tree.args.get("exists"):
            return nothing()
        if there is not None and there.view is not None and tree.args.get("replace"):
            raise IsAView(name)
        if there is None or not tree.args.get("replace"):
            self._metastore.tables.require_free(name)
        described = _Described(tree.args.get("properties"))
        if tree.expression is None:
            columns, keys = _listed(listed, described)
            described.properties |= keys
            self._make(_New(name, there, columns, described, asked), None)
            return nothing()
        if listed:
            raise refused("a list of columns in CREATE TABLE AS SELECT", "Name and cast them in the SELECT.")
        frame = self._reader.frame_of(tree.expression.copy(), asked, parameters)
        new = _New(name, there, _columns_of(frame, described), described, asked)
        made = TableRecord(**_IN_THE_MAKING, columns=new.columns)
        rows = collected(frame, planned(made, frame, (), by_name=False), new.schema)
        self._make(new, rows)
        return counted(num_affected_rows=rows.num_rows, num_inserted_rows=rows.num_rows)

    def _make(self, new: _New, rows: Any) -> None:
        """Make a table with these rows, or None."""
        if new.there is not None:
            self._replace(new, new.there, rows)
            return
        tables, described = self._metastore.delta_tables, new.described
        table = tables.create(
            new.name, new.columns, new.asked.user_name, properties=described.properties, comment=described.comment
        )
        if rows is None:
            return
        try:
            put(tables.files_of(table), rows)
        except (SqlError, DatabricksError):
            self._metastore.tables.delete(table.full_name)
            raise

    def _replace(self, new: _New, there: TableRecord, rows: Any) -> None:
        if new.asked.caller is not None:
            self._metastore.authority.require(Rule.MANAGE_TABLE, there.full_name, new.asked.caller)
        if partition_columns(there.columns) != partition_columns(new.columns):
            raise refused("OR REPLACE with other partitions", "Drop the table, and create it again.")
        data = new.schema.empty_table() if rows is None else rows
        self._metastore.delta_tables.files_of(replace(there, columns=new.columns)).replace_all(data)
        described = new.described
        changes = {"columns": new.columns, "properties": described.properties, "comment": described.comment}
        self._metastore.tables.update(there.full_name, new.asked.user_name, changes)


_IN_THE_MAKING: dict[str, Any] = {
    **dict.fromkeys(("id", "catalog_name", "schema_name", "name", "owner", "created_by", "updated_by"), ""),
    **dict.fromkeys(("created_at", "updated_at"), 0),
    "storage_location": "",
}


@dataclass(frozen=True, slots=True)
class _New:
    """A table that is to be made, in the place of one that is there or of none."""

    name: str
    there: TableRecord | None
    columns: tuple[ColumnRecord, ...]
    described: _Described
    asked: Asked

    @property
    def schema(self) -> Any:
        """Its rows' schema in Arrow."""
        return Delta("", self.columns).schema


class _Described:
    """What a statement says of a table besides its columns."""

    def __init__(self, properties: exp.Expression | None) -> None:
        from sqlglot import exp

        self.comment: str | None = None
        self.properties: dict[str, str] = {}
        self.partitions: list[str] = []
        for one in properties.expressions if properties is not None else ():
            if isinstance(one, exp.FileFormatProperty):
                _require_delta(one.name)
            elif isinstance(one, exp.SchemaCommentProperty):
                self.comment = one.this.name
            elif isinstance(one, exp.PartitionedByProperty):
                self.partitions = [_named_column(column) for column in one.this.expressions]
            elif isinstance(one, exp.ClusterProperty):
                self.properties[CLUSTERING] = str([[column.name] for column in one.expressions]).replace("'", '"')
            elif type(one) is exp.Property:
                self.properties[property_key(one.this)] = property_value(one.args["value"])
            elif isinstance(one, exp.LocationProperty):
                raise refused("tables at a place of a statement's own", "Leave LOCATION out: the table is managed.")
            else:
                raise refused(f"'{one.sql(dialect='databricks')}' in CREATE TABLE")


def property_key(key: exp.Expression) -> str:
    """The key of a table property: a string, or a name with dots."""
    from sqlglot import exp

    return str(key.this) if isinstance(key, exp.Literal) else key.sql(dialect="databricks").replace("`", "")


def property_value(value: exp.Expression) -> str:
    """The value of a table property as the platform keeps it: text."""
    from sqlglot import exp

    return str(value.this) if isinstance(value, exp.Literal) else value.sql(dialect="databricks").lower()


def _require_delta(name: str) -> None:
    if not name:
        raise syntax_error("USING")
    if name.upper() != "DELTA":
        raise refused(f"tables of the format '{name}'", "Use DELTA.")


def _named_column(column: exp.Expression) -> str:
    from sqlglot import exp

    if isinstance(column, exp.ColumnDef):
        raise refused("columns that PARTITIONED BY defines", "Define them among the others.")
    return str(column.name)


def _columns_of(frame: Any, described: _Described) -> tuple[ColumnRecord, ...]:
    """The columns of the table that a query makes."""
    return checked_columns(
        [
            AskedColumn(
                name=one.name,
                type_text=one.dataType.simpleString(),
                partition_index=_partition(one.name, described),
            )
            for one in frame.schema.fields
        ]
    )


def _listed(listed: list[Any], described: _Described) -> tuple[tuple[ColumnRecord, ...], dict[str, str]]:
    """The columns that a statement lists, and what it says of keys."""
    from sqlglot import exp

    columns: list[AskedColumn] = []
    keys: dict[str, str] = {}
    for one in listed:
        if isinstance(one, exp.ColumnDef):
            column, key = _column(one, described)
            columns.append(column)
            keys |= {PRIMARY_KEY: one.name} if key else {}
        else:
            keys |= _key(one)
    return checked_columns(columns), keys


def _column(column: exp.Expression, described: _Described) -> tuple[AskedColumn, bool]:
    from sqlglot import exp

    nullable, comment, key = True, None, False
    for one in column.args.get("constraints") or ():
        if isinstance(one.kind, exp.NotNullColumnConstraint):
            nullable = bool(one.kind.args.get("allow_null"))
        elif isinstance(one.kind, exp.CommentColumnConstraint):
            comment = one.kind.this.name
        elif isinstance(one.kind, exp.PrimaryKeyColumnConstraint):
            key = True
        else:
            raise refused(f"'{one.sql(dialect='databricks')}' of the column '{column.name}'")
    if column.args.get("kind") is None:
        raise syntax_error(column.name)
    return AskedColumn(
        name=column.name,
        type_text=column.args["kind"].sql(dialect="databricks"),
        nullable=nullable,
        comment=comment,
        partition_index=_partition(column.name, described),
    ), key


def _key(constraint: exp.Expression) -> dict[str, str]:
    """A key of a table, as one of its properties."""
    from sqlglot import exp

    inner = constraint.expressions[0] if isinstance(constraint, exp.Constraint) else constraint
    if isinstance(inner, exp.PrimaryKey):
        return {PRIMARY_KEY: ",".join(one.name for one in inner.expressions)}
    if isinstance(inner, exp.ForeignKey):
        return {FOREIGN_KEY: inner.sql(dialect="databricks")}
    raise refused(f"'{constraint.sql(dialect='databricks')}' in CREATE TABLE")


def _partition(name: str, described: _Described) -> int | None:
    lowered = [one.lower() for one in described.partitions]
    return lowered.index(name.lower()) if name.lower() in lowered else None
