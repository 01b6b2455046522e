"""JOIN ... USING where a query also names the joined columns by their tables: `p.id` after `p JOIN q USING (id)`.

Real: Spark knows such columns, and `p.*` has them; the engine has lost both, so such joins are written with ON.
Refused: `* EXCEPT` beside such a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakebricks.services.sql.errors import UnresolvedColumn, refused

if TYPE_CHECKING:
    from sqlglot import exp

_ONE_SIDED = ("SEMI", "ANTI")


def write_out_using(tree: exp.Expression, columns_of: Callable[[exp.Expression], list[str]]) -> None:
    """Write such joins with ON, and say which table's column a name without one means.

    Args:
        tree: a statement; tables are where the engine finds them.
        columns_of: what the columns of a query are called.

    Raises:
        SqlError: no table has a column of that name.
        NotImplementedByFakebricks: a star is in the way.
    """
    from sqlglot import exp

    for select in list(tree.find_all(exp.Select)):
        joined = {key for join in select.args.get("joins") or () for key in _keys(join)}
        if joined and _names_sides(select, joined):
            _Joins(select, tree, columns_of).write_out()


def _keys(join: exp.Expression) -> list[str]:
    return [one.name.lower() for one in join.args.get("using") or ()]


def _names_sides(select: exp.Expression, joined: set[str]) -> bool:
    """Whether a query names a joined column by its table, or has all columns of one table."""
    from sqlglot import exp

    return any(
        isinstance(column.this, exp.Star) or column.name.lower() in joined
        for column in select.find_all(exp.Column)
        if column.args.get("table")
    )


class _Joins:
    """The joins of one query."""

    def __init__(
        self, select: exp.Expression, tree: exp.Expression, columns_of: Callable[[exp.Expression], list[str]]
    ) -> None:
        self._select = select
        self._defined = tuple(defined_for(select, tree))
        self._columns_of = columns_of
        self._sources: list[exp.Expression] = [select.args["from_"].this]
        self._meant: dict[str, exp.Expression] = {}
        self._hidden: set[str] = set()

    def write_out(self) -> None:
        """Write all with ON."""
        from sqlglot import exp

        names = list(self._of_this_query())  # before ON adds more
        for join in self._select.args["joins"]:
            keys = _keys(join)
            if keys:
                join.set("using", None)
                join.set("on", exp.and_(*[self._joined(key, join) for key in keys]))
            self._sources.append(join.this)
            if join.kind.upper() in _ONE_SIDED:
                self._hidden.add(join.alias_or_name)
        self._write_out_stars()
        for column in names:
            meant = self._meant.get(column.name.lower())
            if meant is None or column.args.get("table"):
                continue
            alone = column.parent is self._select and column.arg_key == "expressions"
            column.replace(exp.alias_(meant.copy(), column.name, quoted=True) if alone else meant.copy())

    def _joined(self, key: str, join: exp.Expression) -> exp.Expression:
        """What holds for the rows of both sides; remembers what the name means from here on."""
        from sqlglot import exp

        left, right = self._meant.get(key) or self._left(key), _column(key, join.this)
        either = exp.Coalesce(this=left.copy(), expressions=[right.copy()])
        self._meant[key] = {"RIGHT": right, "FULL": either}.get(join.side.upper(), left)
        return exp.EQ(this=left.copy(), expression=right.copy())

    def _left(self, key: str) -> exp.Expression:
        """The column of that name of the tables so far."""
        if len(self._sources) == 1:
            return _column(key, self._sources[0])
        for source in self._sources:
            if key in map(str.lower, self._columns(source)):
                return _column(key, source)
        raise UnresolvedColumn([key])

    def _columns(self, source: exp.Expression) -> list[str]:
        from sqlglot import exp

        probe = exp.select("*").from_(source.copy())
        if self._defined:
            probe.set("with_", exp.With(expressions=[one.copy() for one in self._defined]))
        return self._columns_of(probe)

    def _of_this_query(self) -> Iterator[exp.Expression]:
        """The columns that are named in this query, and not in one within it."""
        from sqlglot import exp

        joins = self._select.args["joins"]
        for node in self._select.walk(prune=lambda one: isinstance(one, exp.Query) and one is not self._select):
            if isinstance(node, exp.Column) and node.find_ancestor(exp.Join) not in joins:
                yield node

    def _write_out_stars(self) -> None:
        """Write out `*`, which has each joined column once, and first."""
        from sqlglot import exp

        star = next((one for one in self._select.expressions if isinstance(one, exp.Star)), None)
        if star is None:
            return
        if star.args.get("except_") or star.args.get("replace"):
            raise refused("'* EXCEPT' beside a JOIN with USING and names of its sides", "Use ON instead of USING.")
        columns: list[exp.Expression] = [
            exp.alias_(meant.copy(), key, quoted=True) for key, meant in self._meant.items()
        ]
        for source in self._sources:
            if source.alias_or_name not in self._hidden:
                columns += [_column(one, source) for one in self._columns(source) if one.lower() not in self._meant]
        place = self._select.expressions.index(star)
        expressions = self._select.expressions
        self._select.set("expressions", [*expressions[:place], *columns, *expressions[place + 1 :]])


def _column(name: str, source: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(source.alias_or_name, quoted=True))


def defined_for(select: exp.Expression, tree: exp.Expression) -> Iterator[exp.Expression]:
    """The common table expressions that a query may use, outer ones first."""
    from sqlglot import exp

    path: list[exp.Expression] = [select]
    while path[-1] is not tree and path[-1].parent is not None:
        path.append(path[-1].parent)
    for node in reversed(path):
        with_ = node.args.get("with_")
        for one in with_.expressions if isinstance(with_, exp.With) else ():
            if one in path:
                break
            yield one
