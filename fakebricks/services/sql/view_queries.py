"""The query that stands for a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql import dialect
from fakebricks.services.unity_catalog.records import TableRecord

if TYPE_CHECKING:
    from sqlglot import exp


def view_query(table: TableRecord) -> exp.Expression:
    """What a view shows, by the names of its columns.

    Columns that its tables have got since are not shown; one that they have lost is an error (documented).
    """
    from sqlglot import exp

    assert table.view is not None
    shown = [
        exp.alias_(exp.column(exp.to_identifier(name, quoted=True)), column.name, quoted=True)
        for name, column in zip(table.view.columns, table.columns, strict=True)
    ]
    query = dialect.parsed(table.view.definition)
    return exp.select(*shown, copy=False).from_(
        exp.Subquery(this=query, alias=exp.TableAlias(this="shown")), copy=False
    )
