"""Statements that change rows: which they change, and how many they say that they have changed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import NotImplementedByFakebricks

ROWS = [(1, Decimal("1.00"), "a"), (2, Decimal("2.00"), "b"), (2, Decimal("2.00"), "b"), (3, None, None)]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


@pytest.fixture
def cards(workspace: Workspace) -> Workspace:
    return with_cards(workspace, "")


@pytest.fixture(params=["", "TBLPROPERTIES (delta.enableChangeDataFeed = true)"], ids=["plain", "feed"])
def either(workspace: Workspace, request: pytest.FixtureRequest) -> Workspace:
    """A table, without and with a change data feed, which are written in different ways."""
    return with_cards(workspace, request.param)


def with_cards(workspace: Workspace, properties: str) -> Workspace:
    workspace.sql(f"CREATE TABLE cards (id BIGINT NOT NULL, amount DECIMAL(10,2), label STRING) {properties}")
    workspace.sql("INSERT INTO cards VALUES (1, 1, 'a'), (2, 2, 'b'), (2, 2, 'b'), (3, NULL, NULL)")
    return workspace


def only_row(workspace: Workspace, statement: str) -> dict[str, Any]:
    (row,) = workspace.sql(statement).to_pylist()
    return row


def rows(workspace: Workspace, table: str = "cards") -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in workspace.sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3").to_pylist()]


def test_insert_casts_and_fills(cards: Workspace) -> None:
    inserted = {"num_affected_rows": 2, "num_inserted_rows": 2}
    assert only_row(cards, "INSERT INTO main.default.cards (label, id) VALUES ('x', '7'), ('y', 8L)") == inserted
    assert rows(cards) == [*ROWS, (7, None, "x"), (8, None, "y")]


def test_insert_by_name(cards: Workspace) -> None:
    cards.sql("INSERT INTO cards BY NAME SELECT 'x' AS label, 9 AS id")
    assert rows(cards)[-1] == (9, None, "x")


def test_insert_overwrite(cards: Workspace) -> None:
    cards.sql("INSERT OVERWRITE cards SELECT id + 1, amount, label FROM cards WHERE id = 1")
    assert rows(cards) == [(2, Decimal("1.00"), "a")]


def test_insert_with_a_common_table_expression(cards: Workspace) -> None:
    cards.sql("WITH cards2 AS (SELECT 9 AS id) INSERT INTO cards (id) SELECT id FROM cards2")
    assert rows(cards)[-1] == (9, None, None)


def test_delta_readers_see_the_rows(cards: Workspace) -> None:
    assert sorted(cards.table("main.default.cards").column("id").to_pylist()) == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("statement", "affected", "after"),
    [
        ("UPDATE cards SET amount = '7', label = upper(label) WHERE id = 1", 1, [(1, Decimal("7.00"), "A"), *ROWS[1:]]),
        ("UPDATE main.default.cards SET main.default.cards.label = 'z'", 4, [(*row[:2], "z") for row in ROWS]),
        ("UPDATE cards SET label = 'z' WHERE id > 99", 0, ROWS),
        (
            "UPDATE cards c SET c.id = (SELECT max(id) FROM cards) WHERE c.id IN (SELECT 2)",
            2,
            [ROWS[0], *[(3, *ROWS[1][1:])] * 2, ROWS[3]],
        ),
        ("DELETE FROM cards WHERE id = 2", 2, [ROWS[0], ROWS[3]]),
        ("DELETE FROM cards WHERE id > 99", 0, ROWS),
        ("DELETE FROM cards WHERE amount < 99", 3, [ROWS[3]]),
        ("DELETE FROM cards", 4, []),
        ("DELETE FROM cards WHERE id IN (SELECT 2)", 2, [ROWS[0], ROWS[3]]),
        ("DELETE FROM cards c WHERE EXISTS (SELECT 1 FROM cards d WHERE d.id = c.id AND d.label IS NULL)", 1, ROWS[:3]),
    ],
)
def test_update_and_delete_count_rows(either: Workspace, statement: str, affected: int, after: list[Any]) -> None:
    assert only_row(either, statement) == {"num_affected_rows": affected}
    assert sorted(rows(either), key=str) == sorted(after, key=str)


@pytest.mark.parametrize(
    ("source", "clauses", "counts"),
    [
        (
            "SELECT 1 AS id, '5' AS amount UNION ALL SELECT 9, '8'",
            (
                "WHEN MATCHED THEN UPDATE SET amount = s.amount "
                "WHEN NOT MATCHED THEN INSERT (id, amount) VALUES (s.id, s.amount)"
            ),
            (1, 0, 1),
        ),
        ("SELECT 2 AS id", "WHEN MATCHED THEN DELETE", (0, 2, 0)),
        ("SELECT 1 AS id UNION ALL SELECT 1", "WHEN MATCHED THEN DELETE", (0, 1, 0)),
        ("SELECT 1 AS id", "WHEN MATCHED AND s.id > 5 THEN DELETE", (0, 0, 0)),
        ("SELECT 1 AS id", "WHEN NOT MATCHED BY SOURCE THEN DELETE", (0, 3, 0)),
        (
            "SELECT 12L AS id, 1.5 AS amount, 'q' AS label",
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
            (0, 0, 1),
        ),
    ],
)
def test_merge_counts_rows(either: Workspace, source: str, clauses: str, counts: tuple[int, int, int]) -> None:
    updated, deleted, inserted = counts
    assert only_row(either, f"MERGE INTO cards t USING ({source}) s ON t.id = s.id {clauses}") == {
        "num_affected_rows": sum(counts),
        "num_updated_rows": updated,
        "num_deleted_rows": deleted,
        "num_inserted_rows": inserted,
    }
    assert len(rows(either)) == 4 - deleted + inserted


def test_truncate(either: Workspace) -> None:
    assert either.sql("TRUNCATE TABLE cards").num_columns == 0
    assert rows(either) == []


@pytest.mark.parametrize(
    ("statement", "error_class"),
    [
        ("INSERT INTO cards VALUES (1)", "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"),
        ("INSERT INTO cards VALUES (1, 2, 'x', 4)", "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS"),
        ("INSERT INTO cards (id) VALUES ('x')", "CAST_INVALID_INPUT"),
        ("INSERT INTO cards (id, amount) VALUES (1, 123456789012)", "CAST_OVERFLOW"),
        ("INSERT INTO cards (label) VALUES ('x')", "DELTA_NOT_NULL_CONSTRAINT_VIOLATED"),
        ("INSERT INTO cards (id, nosuch) VALUES (1, 2)", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        ("INSERT INTO cards (id, ID) VALUES (1, 2)", "COLUMN_ALREADY_EXISTS"),
        ("INSERT INTO cards BY NAME SELECT 1 AS id, 2 AS q", "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS"),
        ("INSERT INTO nosuch VALUES (1)", "TABLE_OR_VIEW_NOT_FOUND"),
        ("UPDATE cards SET nosuch = 1", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        ("UPDATE cards SET amount = 'x'", "CAST_INVALID_INPUT"),
        ("UPDATE cards SET id = NULL", "DELTA_NOT_NULL_CONSTRAINT_VIOLATED"),
        ("UPDATE cards SET amount = 1/0", "DIVIDE_BY_ZERO"),
        (
            (
                "MERGE INTO cards t USING (SELECT 1 AS id UNION ALL SELECT 1) s ON t.id = s.id "
                "WHEN MATCHED THEN UPDATE SET amount = 1"
            ),
            "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
        ),
        ("UPDATE cards", "PARSE_SYNTAX_ERROR"),
        ("DELETE SELECT", "PARSE_SYNTAX_ERROR"),
        ("UPDATE cards SET label = 'x', label = 'y'", "DUPLICATE_ASSIGNMENTS"),
        ("INSERT INTO cards (id, label) VALUES (1, 'a'), (2)", "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH"),
    ],
)
def test_what_fails_changes_nothing(either: Workspace, statement: str, error_class: str) -> None:
    with pytest.raises(SqlError) as caught:
        either.sql(statement)
    assert caught.value.error_class == error_class
    assert rows(either) == ROWS


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cards REPLACE WHERE id = 1 SELECT 1, 2, 'x'",
        "INSERT INTO cards PARTITION (label = 'x') SELECT 1, 2",
    ],
)
def test_parts_that_are_not_computed_are_refused(cards: Workspace, statement: str) -> None:
    with pytest.raises(NotImplementedByFakebricks):
        cards.sql(statement)
    assert rows(cards) == ROWS


def test_every_type_comes_back(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE types (a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(38,3), "
        "i STRING, j BINARY, k DATE, l TIMESTAMP, m TIMESTAMP_NTZ, n ARRAY<STRUCT<x: INT>>, o MAP<STRING, DOUBLE>, "
        "p STRUCT<x: INT, y: ARRAY<STRING>>)"
    )
    workspace.sql(
        "INSERT INTO types VALUES (true, 1, 2, 3, 4, 1.5, 2.5, 1.125, 'i', X'00ff', DATE'2026-01-02', "
        "TIMESTAMP'2026-01-02 03:04:05', TIMESTAMP_NTZ'2026-01-02 03:04:05', array(named_struct('x', 1)), "
        "map('k', 1.5), named_struct('x', 1, 'y', array('z')))"
    )
    read = workspace.sql("SELECT * FROM types")
    assert read.equals(workspace.table("main.default.types").cast(read.schema))
    assert read.schema.field("l").type == pa.timestamp("us", tz="UTC")
    assert read.schema.field("m").type == pa.timestamp("us")


def test_results_have_sparks_types(workspace: Workspace) -> None:
    result = workspace._services[SparkSql].execute(
        "SELECT 1 AS a, 1L AS b, 'x' AS c, 1.5 AS d, array('x') AS e, named_struct('x', 1, 'y', map('k', 1D)) AS f, "
        "NULL AS g, CAST('1' AS DECIMAL(10,2)) AS h",
        None,
    )
    assert [(one.type_text, one.type_name) for one in result.columns] == [
        ("INT", "INT"),
        ("BIGINT", "BIGINT"),
        ("STRING", "STRING"),
        ("DECIMAL(2,1)", "DECIMAL"),
        ("ARRAY<STRING>", "ARRAY"),
        ("STRUCT<x: INT NOT NULL, y: MAP<STRING, DOUBLE> NOT NULL>", "STRUCT"),
        ("VOID", "VOID"),
        ("DECIMAL(10,2)", "DECIMAL"),
    ]


def test_writers_at_once_lose_nothing(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE counters (id INT, n INT)")
    workspace.sql("INSERT INTO counters VALUES (0, 0), (1, 0)")

    def write(number: int) -> None:
        workspace.sql("UPDATE counters SET n = n + 1 WHERE id = :id", id=number % 2)
        workspace.sql("INSERT INTO counters VALUES (:id, 0)", id=100 + number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    found = workspace.sql("SELECT id, n FROM counters ORDER BY id").to_pydict()
    assert found == {"id": [0, 1, *range(100, 108)], "n": [4, 4, *[0] * 8]}


def test_a_statement_is_tried_again_where_others_commit_between(cards: Workspace, monkeypatch: Any) -> None:
    reader = cards._services[SparkSql]._reader
    location = cards._services[Tables].require("main.default.cards").storage_location
    execute, tried = reader.executed, []

    def disturbed(*arguments: Any) -> Any:
        tried.append(arguments)
        if len(tried) < 3:
            raise SqlError("DELTA_CONCURRENT_WRITE", "", "2D521")
        return execute(*arguments)

    monkeypatch.setattr(reader, "executed", disturbed)
    assert only_row(cards, "DELETE FROM cards WHERE id = 1") == {"num_affected_rows": 1}
    assert DeltaTable(location).version() == 2


def test_parameters_of_commands_are_values_too(cards: Workspace) -> None:
    text = "it's -- \\ \"; DROP TABLE cards; \N{SNOWMAN}\n'"
    statement = "UPDATE cards SET label = :text, amount = :amount WHERE id = :id"
    cards.sql(statement, text=text, amount=Decimal("1.50"), id=1)
    found = cards.sql("SELECT amount, label FROM cards WHERE label = :text", text=text).to_pylist()
    assert found == [{"amount": Decimal("1.50"), "label": text}]
    cards.sql("UPDATE cards SET label = :text WHERE id = 1", text=None)
    assert rows(cards)[0] == (1, Decimal("1.50"), None)


def test_a_change_data_feed_has_rows_as_they_were_and_became(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE a (id INT, x DOUBLE, l ARRAY<STRING>) TBLPROPERTIES (delta.enableChangeDataFeed = true)"
    )
    workspace.sql("INSERT INTO a VALUES (1, double('NaN'), array('x')), (2, NULL, NULL), (3, 0.5, array())")
    workspace.sql(
        "MERGE INTO a USING (SELECT explode(array(1, 2, 9)) AS k) s ON a.id = s.k "
        "WHEN MATCHED AND a.x IS NULL THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET x = s.k * 10 WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k) "
        "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET l = NULL"
    )
    location = workspace._services[Tables].require("main.default.a").storage_location
    feed = pa.table(DeltaTable(location).load_cdf(starting_version=2).read_all())
    changes = sorted(zip(feed["id"].to_pylist(), feed["_change_type"].to_pylist(), strict=True))
    assert changes == [
        (1, "update_postimage"),
        (1, "update_preimage"),
        (2, "delete"),
        (3, "update_postimage"),
        (3, "update_preimage"),
        (9, "insert"),
    ]
    found = workspace.sql("SELECT * FROM a ORDER BY id").to_pylist()
    assert found == [
        {"id": 1, "x": 10.0, "l": ["x"]},
        {"id": 3, "x": 0.5, "l": None},
        {"id": 9, "x": None, "l": None},
    ]


def test_rows_with_a_map_and_a_feed_are_not_told_apart(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE a (m MAP<STRING, INT>) TBLPROPERTIES (delta.enableChangeDataFeed = true)")
    with pytest.raises(NotImplementedByFakebricks, match="MAP"):
        workspace.sql("DELETE FROM a")
