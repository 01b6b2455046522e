"""Values of maps that are named by a dot: `request_metadata.endpoint_name`.

Real: of columns of tables; a name that a table or a struct explains is theirs first. The engine knows `[...]` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakebricks.services.unity_catalog.records import TableRecord

if TYPE_CHECKING:
    from sqlglot import exp


def write_out_map_keys(tree: exp.Expression, tables: Sequence[TableRecord]) -> None:
    """Have such values be read by `[...]`, their columns called by the key.

    Args:
        tree: a statement.
        tables: those that it reads.
    """
    from sqlglot import exp

    maps = _maps(tables) - {one.alias_or_name.lower() for one in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
    found = [one for one in tree.find_all(exp.Column) if one.args.get("table") and one.text("table").lower() in maps]
    keys = {id(one) for one in found if not isinstance(one.this, exp.Star)}
    if not keys:
        return
    for select in tree.find_all(exp.Select):
        for projection in [one for one in select.expressions if id(one) in keys]:
            keys.discard(id(projection))
            projection.replace(exp.alias_(_value(projection), projection.name, quoted=True))
    for column in found:
        if id(column) in keys:
            column.replace(_value(column))


def _maps(tables: Sequence[TableRecord]) -> set[str]:
    """The names that only columns with maps have."""
    kinds: dict[str, set[bool]] = {}
    for table in tables:
        for column in table.columns:
            kinds.setdefault(column.name.lower(), set()).add(column.type_text.lower().startswith("map<"))
    return {name for name, found in kinds.items() if found == {True}}


def _value(column: exp.Expression) -> exp.Expression:
    """The value of a key, in place of a column that is called like one of a table."""
    from sqlglot import exp

    table = column.args.get("db")
    whole = exp.column(column.args["table"].copy(), table=table.copy() if table else None)
    return exp.Bracket(this=whole, expressions=[exp.Literal.string(column.name)])
