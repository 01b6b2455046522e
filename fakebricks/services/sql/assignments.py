"""What UPDATE and MERGE assign: each value is cast to its column's type, as INSERT does.

Real: Spark casts what it stores (documented as store assignment); the engine itself would refuse a string for a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.sql.errors import UnresolvedColumn, assigned_twice, refused
from fakebricks.services.unity_catalog.records import TableRecord

if TYPE_CHECKING:
    from sqlglot import exp


def cast_assignments(tree: exp.Expression, table: TableRecord) -> None:
    """Have all values that a statement assigns cast to the types of a table's columns.

    Raises:
        SqlError: one is assigned to a column that the table does not have, or two to one column.
        NotImplementedByFakebricks: one is assigned to a field of a struct.
    """
    from sqlglot import exp

    for clause in tree.find_all(exp.Update, exp.Insert):
        if isinstance(clause, exp.Update):
            names = [assigned.this.name.lower() for assigned in clause.expressions if isinstance(assigned, exp.EQ)]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise assigned_twice(twice)
            for assigned in clause.expressions:
                if isinstance(assigned, exp.EQ):
                    assigned.set("expression", _cast(assigned.expression, assigned.this, table))
        elif isinstance(clause.this, exp.Tuple) and isinstance(clause.expression, exp.Tuple):
            pairs = zip(clause.this.expressions, clause.expression.expressions, strict=False)
            clause.expression.set("expressions", [_cast(value, column, table) for column, value in pairs])


def _cast(value: exp.Expression, column: exp.Expression, table: TableRecord) -> exp.Expression:
    from sqlglot import exp

    by_name = {one.name.lower(): one for one in table.columns}
    whole = by_name.get(column.text("table").lower())
    if whole is not None and whole.type_text.startswith("struct"):
        raise refused(
            f"assigning to '{column.sql()}', a field of a struct", "Assign the whole struct: named_struct(...)."
        )
    if column.name.lower() not in by_name:
        raise UnresolvedColumn([column.name], [one.name for one in table.columns])
    return exp.cast(value.copy(), by_name[column.name.lower()].type_text, dialect="databricks")
