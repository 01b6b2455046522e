"""The lists over whole catalogs that drivers ask for by SQL: `SHOW TABLES IN CATALOG`, `SHOW COLUMNS IN CATALOG`.

Real: what the caller may see, patterns. Documented: the forms (databricks-sql-connector and databricks-jdbc send them)
and the names of the columns (the latter reads them). All other statements are the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fakebricks.services.sql import Parameter, Result, ResultColumn, Session, SqlEngine
from fakebricks.services.sql.metadata import Metadata
from fakebricks.wire.authentication import Caller

_NAME = r"(?P<catalog>`(?:[^`]|``)+`|\w+)"
_LIKE = r"LIKE\s+'(?P<{}>(?:[^'\\]|\\.)*)'"
_SCHEMA = rf"(?:\s+SCHEMA\s+{_LIKE.format('schema')})?"
_TABLES = re.compile(
    rf"\s*SHOW\s+TABLES\s+IN\s+(?:ALL\s+CATALOGS|CATALOG\s+{_NAME}){_SCHEMA}(?:\s+{_LIKE.format('table')})?\s*;?\s*",
    re.IGNORECASE,
)
_COLUMNS = re.compile(
    rf"\s*SHOW\s+COLUMNS\s+IN\s+CATALOG\s+{_NAME}{_SCHEMA}"
    rf"(?:\s+TABLE\s+{_LIKE.format('table')})?(?:\s+{_LIKE.format('column')})?\s*;?\s*",
    re.IGNORECASE,
)
_OF_TABLES = {
    "namespace": "TABLE_SCHEM",
    "tableName": "TABLE_NAME",
    "isTemporary": "",
    "information": "",
    "catalogName": "TABLE_CAT",
    "tableType": "TABLE_TYPE",
    "remarks": "REMARKS",
}
_OF_COLUMNS = {
    "col_name": "COLUMN_NAME",
    "catalogName": "TABLE_CAT",
    "namespace": "TABLE_SCHEM",
    "tableName": "TABLE_NAME",
    "columnType": "TYPE_NAME",
    "columnSize": "COLUMN_SIZE",
    "decimalDigits": "DECIMAL_DIGITS",
    "isNullable": "IS_NULLABLE",
    "ordinalPosition": "ORDINAL_POSITION",
    "isAutoIncrement": "IS_AUTO_INCREMENT",
    "remarks": "REMARKS",
}


class CatalogListings:
    """A `SqlEngine` that answers these lists itself, and has another one execute everything else."""

    def __init__(self, engine: SqlEngine, metadata: Metadata) -> None:
        self._engine = engine
        self._metadata = metadata

    def execute(
        self,
        statement: str,
        caller: Caller | None,
        *,
        session: Session | None = None,
        parameters: Sequence[Parameter] = (),
    ) -> Result:
        """The result of one statement under the caller's grants; see `SqlEngine`."""
        if caller is not None and (tables := _TABLES.fullmatch(statement)):
            found = self._metadata.tables(caller, _catalog(tables), tables["schema"], tables["table"], None)
            return _renamed(found, _OF_TABLES)
        if caller is not None and (columns := _COLUMNS.fullmatch(statement)):
            found = self._metadata.columns(
                caller, _catalog(columns), columns["schema"], columns["table"], columns["column"]
            )
            return _renamed(found, _OF_COLUMNS)
        return self._engine.execute(statement, caller, session=session, parameters=parameters)


def _catalog(said: re.Match[str]) -> str | None:
    name = said["catalog"]
    return name[1:-1].replace("``", "`") if name and name.startswith("`") else name


def _renamed(found: Result, names: Mapping[str, str]) -> Result:
    """A list with the columns that SQL has; where there is nothing to say, it is false or empty."""
    import pyarrow as pa

    known = {column.name: column for column in found.columns}
    fillers: dict[str, Callable[[int], pa.Array]] = {
        "isTemporary": lambda count: pa.array([False] * count, pa.bool_()),
        "information": lambda count: pa.array([""] * count, pa.string()),
    }
    columns, arrays = [], []
    for name, source in names.items():
        column = known.get(source) or ResultColumn(name, *["BOOLEAN" if name == "isTemporary" else "STRING"] * 2)
        columns.append(ResultColumn(name, column.type_text, column.type_name))
        arrays.append(found.rows[source] if source in known else fillers[name](found.rows.num_rows))
    return Result(tuple(columns), pa.table(arrays, names=list(names)))
