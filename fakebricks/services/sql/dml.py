"""Statements that change rows: INSERT, UPDATE, DELETE, MERGE, TRUNCATE.

Real: the rows, which go into the table's Delta log in one commit; how many were changed, as Spark counts them; types,
NOT NULL. INSERT is written by deltalake, the others by the engine, whose own counts are wrong: Delta's log has them
right; for tables with a change data feed see `change_feed.py`. Statements on one table wait for each other; where
another writer commits in between, a statement is tried again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from fakebricks.services.sql import Result, SqlError, dialect
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.assignments import cast_assignments
from fakebricks.services.sql.change_feed import ChangeFeed, has_feed
from fakebricks.services.sql.errors import CONCURRENT_WRITE, refused, syntax_error
from fakebricks.services.sql.parameters import Parameters
from fakebricks.services.sql.reader import Reader
from fakebricks.services.sql.references import levels_of
from fakebricks.services.sql.results import counted, nothing
from fakebricks.services.sql.rows import collected, planned, put
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import TableRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.tables import IsAView

if TYPE_CHECKING:
    from sqlglot import exp

_ATTEMPTS = 10
_NOT_IN_INSERT = ("where", "source", "conflict", "returning", "settings", "partition", "exists", "default")
# What Delta's log counts, by the column that Spark answers it in.
_UPDATED = ("numUpdatedRows", "numTargetRowsUpdated")
_DELETED = ("numDeletedRows", "numTargetRowsDeleted")
_INSERTED = ("numTargetRowsInserted",)


class Changes:
    """Changes rows of the tables of one metastore."""

    def __init__(self, metastore: Metastore, reader: Reader) -> None:
        self._metastore = metastore
        self._reader = reader
        self._feed = ChangeFeed(reader)
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def insert(self, asked: Asked) -> Result:
        """INSERT INTO and INSERT OVERWRITE."""
        from sqlglot import exp

        parameters = Parameters(asked.parameters)
        tree = dialect.parsed(parameters.written(asked.words))
        if not isinstance(tree, exp.Insert):
            raise syntax_error(asked.words.next.text)
        _check(tree)
        target, named = _target(tree.this)
        table = self.writable(asked.full_name(levels_of(target)), asked)
        frame = self._reader.frame_of(_source(tree), asked, parameters)
        plan = planned(table, frame, named, by_name=bool(tree.args.get("by_name")))
        files = self._metastore.delta_tables.files_of(table)
        rows = collected(frame, plan, files.schema)
        with self._locks[table.id]:
            put(files, rows, overwrite=bool(tree.args.get("overwrite")))
        return counted(num_affected_rows=rows.num_rows, num_inserted_rows=rows.num_rows)

    def update(self, asked: Asked) -> Result:
        """UPDATE."""
        counts = self._changed(asked, "Update")
        return counted(num_affected_rows=_sum(counts, _UPDATED))

    def delete(self, asked: Asked) -> Result:
        """DELETE."""
        counts = self._changed(asked, "Delete")
        return counted(num_affected_rows=_sum(counts, _DELETED))

    def merge(self, asked: Asked) -> Result:
        """MERGE."""
        if asked.words.sees("MERGE", "WITH"):
            raise refused("MERGE WITH SCHEMA EVOLUTION", "Add the columns by ALTER TABLE before.")
        counts = self._changed(asked, "Merge")
        updated, deleted, inserted = (_sum(counts, names) for names in (_UPDATED, _DELETED, _INSERTED))
        return counted(
            num_affected_rows=updated + deleted + inserted,
            num_updated_rows=updated,
            num_deleted_rows=deleted,
            num_inserted_rows=inserted,
        )

    def truncate(self, asked: Asked) -> Result:
        """TRUNCATE TABLE."""
        words = asked.words
        words.expect("TRUNCATE", "TABLE")
        name = asked.full_name(words.names())
        if words.sees("PARTITION"):
            raise refused("TRUNCATE of partitions", "Use DELETE.")
        words.end()
        table = self.writable(name, asked)
        self._metastore.delta_tables.bring_up_to_date(table.full_name)
        with self._locks[table.id]:
            self._metastore.delta_tables.files_of(table).opened().delete()
        return nothing()

    def writable(self, full_name: str, asked: Asked, *rules: Rule) -> TableRecord:
        """A table that the caller may write to.

        Raises:
            SqlError: there is none.
            PermissionDenied: they may not.
        """
        table = self._reader.table(full_name, asked, *rules, Rule.WRITE_TABLE)
        if table.view is not None:
            raise IsAView(table.full_name)
        return table

    def _changed(self, asked: Asked, kind: str) -> dict[str, Any]:
        """What Delta's log counts of a statement that the engine has executed."""
        from sqlglot import exp

        parameters = Parameters(asked.parameters)
        tree = dialect.parsed(parameters.written(asked.words))
        named = isinstance(tree.this, exp.Table)
        if type(tree).__name__ != kind or not named or (kind == "Update" and not tree.expressions):
            raise syntax_error(asked.words.next.text)
        table = self.writable(asked.full_name(levels_of(tree.this)), asked, Rule.READ_TABLE)
        cast_assignments(tree, table)
        files = self._metastore.delta_tables.files_of(table)
        change: Callable[[], dict[str, Any]]
        if has_feed(table) or not self._reader.reaches(table):
            change = partial(self._feed.change, tree, table, files, asked, parameters)
        else:
            change = self._by_engine(tree, table, files, asked, parameters)
        with self._locks[table.id]:
            return _tried_again(change)

    def _by_engine(
        self, tree: exp.Expression, table: TableRecord, files: Delta, asked: Asked, parameters: Parameters
    ) -> Callable[[], dict[str, Any]]:
        """What executes a statement in the engine; it returns what Delta's log counts of it."""
        from sqlglot import exp

        if isinstance(tree, exp.Delete) and tree.find(exp.Select) is not None:
            tree = _as_merge(tree, table)
        statement = self._reader.translated(tree, asked, parameters.write_into)

        def change() -> dict[str, Any]:
            before = files.version()
            self._reader.executed(statement)
            return _counts(files, before)

        return change


def _tried_again(change: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Change something, again where another writer was faster."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return change()
        except SqlError as error:
            if error.error_class != CONCURRENT_WRITE:
                raise
    return change()


def _check(tree: exp.Expression) -> None:
    for part in _NOT_IN_INSERT:
        if tree.args.get(part):
            raise refused(f"{part.upper()} in INSERT")


def _target(named: exp.Expression) -> tuple[exp.Expression, list[str]]:
    """The table that an INSERT names, and the columns that it lists."""
    from sqlglot import exp

    table, columns = (named.this, named.expressions) if isinstance(named, exp.Schema) else (named, [])
    if not isinstance(table, exp.Table):
        raise syntax_error("INSERT")
    if table.args.get("partition"):
        raise refused("PARTITION in INSERT", "Name the column like any other.")
    return table, [column.name for column in columns]


def _source(tree: exp.Expression) -> exp.Expression:
    """The query whose rows are inserted, with what was defined before the INSERT."""
    source: exp.Expression = tree.expression.copy()
    if tree.args.get("with_"):
        source.set("with_", tree.args["with_"].copy())
    return source


def _as_merge(delete: exp.Expression, table: TableRecord) -> exp.Expression:
    """A DELETE whose condition has a query, which the engine executes as a MERGE only.

    Rows are told apart by their values: of rows that are alike, the condition holds for all or for none.
    """
    from sqlglot import exp

    for column in table.columns:
        if column.type_text.startswith("map"):
            raise refused("DELETE with a query in its condition, of a table with a MAP")
    alias = delete.this.alias_or_name
    doomed = exp.select(exp.column(exp.Star(), table=exp.to_identifier(alias, quoted=True)), copy=False)
    doomed = doomed.from_(delete.this.copy()).where(delete.args["where"].this.copy()).distinct()
    alike = [
        exp.NullSafeEQ(
            this=exp.column(one.name, "doomed", quoted=True), expression=exp.column(one.name, alias, quoted=True)
        )
        for one in table.columns
    ]
    return exp.merge(
        exp.When(matched=True, then=exp.Var(this="DELETE")),
        into=delete.this.copy(),
        using=doomed.subquery("doomed"),
        on=exp.and_(*alike),
    )


def _counts(files: Delta, before: int) -> dict[str, Any]:
    """The counts of the engine's own commit after a version; none where nothing was to be done.

    A row that several rows of a MERGE's source delete is counted several times there, and once here.
    """
    table = files.opened()
    for commit in table.history(max(1, table.version() - before)) if table.version() > before else ():
        counts = dict(commit.get("operationMetrics") or {})
        if commit["operation"] == "MERGE":
            rows = _rows(table, commit["version"] - 1) - _rows(table, commit["version"])
            return counts | {"numTargetRowsDeleted": rows + int(counts.get("numTargetRowsInserted") or 0)}
        if commit["operation"] in ("UPDATE", "DELETE"):
            return counts
    return {}


def _rows(table: Any, version: int) -> int:
    """How many rows a table had at a version."""
    table.load_as_version(version)
    return int(table.count())


def _sum(counts: dict[str, Any], names: tuple[str, ...]) -> int:
    return sum(int(counts.get(name) or 0) for name in names)
