"""Which tables a query names, and how it is made to read them where they are.

Real: names of one, two and three levels, hidden by common table expressions of the same name; columns that are
qualified by a table's whole name. The engine is told the place of a table's Delta log, and nothing of Unity Catalog.
Refused: places that a statement names itself (`delta.`/path``, `read_files`), times of versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fakebricks.services.sql.errors import refused, table_not_found

if TYPE_CHECKING:
    from sqlglot import exp

_FORMATS = frozenset({"avro", "binaryfile", "csv", "delta", "iceberg", "json", "orc", "parquet", "text", "xml"})


def tables_in(tree: exp.Expression) -> list[exp.Expression]:
    """The tables that are named, without those that the statement itself defines.

    Raises:
        NotImplementedByFakebricks: one is a place or a function that reads elsewhere.
    """
    from sqlglot import exp

    if any(one.args.get("recursive") for one in tree.find_all(exp.With)):
        raise refused("WITH RECURSIVE")
    return [one for one in tree.find_all(exp.Table) if _names_a_table(one)]


def levels_of(table: exp.Expression) -> tuple[str, ...]:
    """The levels of a table's name."""
    return tuple(part.name for part in table.parts)


def point_at(table: exp.Expression, location: str) -> None:
    """Have a table be read at its place, by the name that it has."""
    from sqlglot import exp

    levels = levels_of(table)
    if not table.alias:
        _shorten(table, levels)
        table.set("alias", exp.TableAlias(this=exp.to_identifier(levels[-1], quoted=True)))
    table.set("this", exp.to_identifier(location, quoted=True))
    table.set("db", exp.to_identifier("delta"))
    table.set("catalog", None)


def replace_by(table: exp.Expression, view: str) -> None:
    """Have a temporary view of the engine's be read instead of a table."""
    from sqlglot import exp

    point_at(table, "")
    table.set("this", exp.to_identifier(view, quoted=True))
    table.set("db", None)
    table.set("version", None)


def stand_for(table: exp.Expression, query: exp.Expression) -> None:
    """Have the rows of a query be read instead of a table, by the name that it has."""
    from sqlglot import exp

    point_at(table, "")
    subquery = exp.Subquery(this=query, alias=table.args["alias"])
    for part in ("joins", "laterals", "pivots", "sample"):
        subquery.set(part, table.args.get(part))
    table.replace(subquery)


def version_of(table: exp.Expression) -> int | None:
    """The version that a table is to be read at; None for what it is now.

    Raises:
        NotImplementedByFakebricks: it is no number.
    """
    version = table.args.get("version")
    if version is None:
        return None
    if not version.expression.is_int:
        raise refused("VERSION AS OF other than a number")
    return int(version.expression.name)


def _names_a_table(table: exp.Expression) -> bool:
    from sqlglot import exp

    if isinstance(table.this, exp.Dot):
        raise table_not_found(table.sql())
    if not isinstance(table.this, exp.Identifier):
        _refuse_reading(table)
        return False
    version = table.args.get("version")
    if version is not None and version.name.upper() == "TIMESTAMP":
        raise refused("TIMESTAMP AS OF: Delta's log has this machine's time, not the workspace's", "Use VERSION AS OF.")
    if isinstance(table.args.get("alias"), exp.TableAlias) and isinstance(table.args["alias"].this, exp.Parameter):
        raise refused("versions written as 'table@v1'", "Use VERSION AS OF.")
    if (
        table.args.get("db")
        and not table.args.get("catalog")
        and table.text("db").lower() in _FORMATS
        and "/" in table.name
    ):
        raise refused("reading a place that a statement names", "Read a table of Unity Catalog.")
    return bool(table.args.get("db")) or table.name.lower() not in set(_defined_for(table))


def _refuse_reading(table: exp.Expression) -> None:
    name = table.this.name.lower() if table.this else ""
    if name in ("read_files", "read_kafka", "table_changes", "cloud_files_state", "event_log", "vector_search"):
        raise refused(f"the function '{name}'")


def _defined_for(table: exp.Expression) -> Iterator[str]:
    """The names of common table expressions that a table may mean."""
    node: exp.Expression | None = table
    while node is not None:
        parent = node.parent
        with_ = parent.args.get("with_") if parent is not None else None
        for defined in with_.expressions if with_ is not None else ():
            if defined is node:
                break
            yield defined.alias.lower()
        if parent is not None and parent.key == "with":
            for earlier in parent.expressions:
                if earlier is node and not parent.args.get("recursive"):
                    break
                yield earlier.alias.lower()
        node = parent


def _shorten(table: exp.Expression, levels: tuple[str, ...]) -> None:
    """Have columns that are qualified by the table's whole name be qualified by its last level."""
    from sqlglot import exp

    wanted = [level.lower() for level in levels]
    for column in table.root().find_all(exp.Column):
        parts = [part.name.lower() for part in column.parts]
        for start in range(len(wanted) - 1):
            qualifier = wanted[start:]
            if len(parts) > len(qualifier) and parts[: len(qualifier)] == qualifier:
                _drop(column, len(qualifier) - 1)
                break


def _drop(column: exp.Expression, count: int) -> None:
    """Take away the first levels of a column's name."""
    kept = [part.copy() for part in column.parts][count:]
    for place, arg in enumerate(("this", "table", "db", "catalog"), 1):
        column.set(arg, kept[-place] if place <= len(kept) else None)
