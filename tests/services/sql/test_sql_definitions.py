"""Statements that define catalogs, schemas, tables and volumes, and those that describe them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from deltalake import DeltaTable

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import Session, SqlError
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.sql.sessions import session_after
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.errors import NotImplementedByFakebricks


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


def listed(workspace: Workspace, statement: str) -> list[Any]:
    return [next(iter(row.values())) for row in workspace.sql(statement).to_pylist()]


def error_class(workspace: Workspace, statement: str) -> str:
    with pytest.raises(SqlError) as caught:
        workspace.sql(statement)
    return caught.value.error_class


def test_catalogs_schemas_and_volumes(workspace: Workspace) -> None:
    workspace.sql("CREATE CATALOG prod COMMENT 'it''s prod'")
    workspace.sql("CREATE SCHEMA prod.fraud COMMENT 'x' WITH DBPROPERTIES (team = 'risk')")
    workspace.sql("CREATE VOLUME prod.fraud.files COMMENT 'y'")
    assert listed(workspace, "SHOW CATALOGS") == ["main", "prod"]
    assert listed(workspace, "SHOW SCHEMAS IN prod LIKE 'f*|nosuch'") == ["fraud"]
    assert workspace.sql("SHOW VOLUMES IN prod.fraud").to_pylist() == [{"database": "fraud", "volume_name": "files"}]
    described = {row["info_name"]: row["info_value"] for row in workspace.sql("DESCRIBE CATALOG prod").to_pylist()}
    assert described["Comment"] == "it's prod"
    items = workspace.sql("DESCRIBE SCHEMA EXTENDED prod.fraud").to_pylist()
    assert items[-1] == {"database_description_item": "Properties", "database_description_value": "[team=risk]"}
    workspace.sql("DROP VOLUME prod.fraud.files")
    workspace.sql("DROP SCHEMA prod.fraud")
    workspace.sql("DROP CATALOG prod CASCADE")
    assert listed(workspace, "SHOW CATALOGS") == ["main"]


def test_if_exists_and_if_not_exists(workspace: Workspace) -> None:
    for _ in range(2):
        workspace.sql("CREATE SCHEMA IF NOT EXISTS main.s")
        workspace.sql("CREATE TABLE IF NOT EXISTS main.s.t (id INT)")
    assert error_class(workspace, "CREATE SCHEMA main.s") == "SCHEMA_ALREADY_EXISTS"
    assert error_class(workspace, "CREATE TABLE main.s.t (id INT)") == "TABLE_OR_VIEW_ALREADY_EXISTS"
    assert error_class(workspace, "DROP SCHEMA main.s") == "SCHEMA_NOT_EMPTY"
    for _ in range(2):
        workspace.sql("DROP TABLE IF EXISTS main.s.t")
        workspace.sql("DROP SCHEMA IF EXISTS main.s RESTRICT")
    assert error_class(workspace, "DROP TABLE main.s.t") == "SCHEMA_NOT_FOUND"
    assert error_class(workspace, "DROP TABLE main.default.t") == "TABLE_OR_VIEW_NOT_FOUND"
    assert error_class(workspace, "CREATE TABLE no.such.t (id INT)") == "NO_SUCH_CATALOG_EXCEPTION"


def test_a_table_with_everything(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE cards (id BIGINT NOT NULL COMMENT 'the id', day DATE, x STRUCT<A: INT>, PRIMARY KEY (id)) "
        "USING DELTA PARTITIONED BY (day) COMMENT 'cards' TBLPROPERTIES ('quality' = 'gold', owner.team = 'risk')"
    )
    table = workspace._services[Tables].require("main.default.cards")
    assert [(one.name, one.type_text, one.nullable, one.comment) for one in table.columns] == [
        ("id", "bigint", False, "the id"),
        ("day", "date", True, None),
        ("x", "struct<A:int>", True, None),
    ]
    assert table.comment == "cards"
    assert table.properties == {"quality": "gold", "owner.team": "risk", "primary_key": "id"}
    assert DeltaTable(table.storage_location).metadata().partition_columns == ["day"]
    described = workspace.sql("DESCRIBE TABLE EXTENDED cards").to_pylist()
    assert described[0] == {"col_name": "id", "data_type": "bigint", "comment": "the id"}
    assert {"col_name": "Owner", "data_type": workspace.user_name, "comment": ""} in described
    assert workspace.sql("DESCRIBE DETAIL cards").to_pylist()[0]["partitionColumns"] == ["day"]


def test_show_create_table_makes_such_a_table(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE a (id INT NOT NULL COMMENT 'it\\'s', `day` DATE, x STRUCT<A: INT>) PARTITIONED BY (day) "
        "COMMENT 'c' TBLPROPERTIES ('k' = 'v')"
    )
    (made,) = listed(workspace, "SHOW CREATE TABLE a")
    workspace.sql("DROP TABLE a")
    workspace.sql(made)
    assert listed(workspace, "SHOW CREATE TABLE a") == [made]


def test_show_create_table_has_keys_and_clustering(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE a (id INT NOT NULL, x INT, PRIMARY KEY (id)) CLUSTER BY (id, x)")
    workspace.sql("CREATE TABLE b (id INT, CONSTRAINT of_a FOREIGN KEY (id) REFERENCES a (id))")
    for name in ("b", "a"):
        (made,) = listed(workspace, f"SHOW CREATE TABLE {name}")
        workspace.sql(f"DROP TABLE {name}")
        workspace.sql(made)
        assert listed(workspace, f"SHOW CREATE TABLE {name}") == [made]
    assert "CONSTRAINT a_pk PRIMARY KEY (id))\nUSING delta\nCLUSTER BY (id, x)\n" in made


def test_create_table_as_select(workspace: Workspace) -> None:
    made = workspace.sql("CREATE TABLE a AS SELECT id, CAST(id AS DECIMAL(10,2)) AS d, array(id) AS l FROM range(3)")
    assert made.to_pylist() == [{"num_affected_rows": 3, "num_inserted_rows": 3}]
    assert listed(workspace, "SELECT data_type FROM (SELECT 1 AS data_type)") == [1]
    assert [row["data_type"] for row in workspace.sql("DESCRIBE a").to_pylist()] == [
        "bigint",
        "decimal(10,2)",
        "array<bigint>",
    ]
    assert error_class(workspace, "CREATE TABLE b AS SELECT 1/0 AS x") == "DIVIDE_BY_ZERO"
    assert listed(workspace, "SELECT count(*) FROM a") == [3]
    assert [row["tableName"] for row in workspace.sql("SHOW TABLES").to_pylist()] == ["a"]


def test_create_or_replace_keeps_id_and_history(workspace: Workspace) -> None:
    workspace.sql("CREATE OR REPLACE TABLE a AS SELECT 1 AS x")
    before = workspace._services[Tables].require("main.default.a")
    workspace.sql("CREATE OR REPLACE TABLE a COMMENT 'new' AS SELECT 'z' AS y, 2 AS x")
    after = workspace._services[Tables].require("main.default.a")
    assert (after.id, after.comment) == (before.id, "new")
    assert workspace.sql("SELECT * FROM a").to_pylist() == [{"y": "z", "x": 2}]
    assert workspace.sql("SELECT * FROM a VERSION AS OF 1").to_pylist() == [{"x": 1}]
    workspace.sql("CREATE OR REPLACE TABLE a (q INT)")
    assert workspace.sql("SELECT * FROM a").column_names == ["q"]


def test_history(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE a (x INT)")
    workspace.sql("INSERT INTO a VALUES (1), (2)")
    workspace.sql("DELETE FROM a WHERE x = 1")
    history = workspace.sql("DESCRIBE HISTORY a").to_pylist()
    assert [(row["version"], row["operation"]) for row in history] == [(2, "DELETE"), (1, "WRITE"), (0, "CREATE TABLE")]
    assert dict(history[0]["operationMetrics"])["numDeletedRows"] == "1"
    assert len(workspace.sql("DESCRIBE HISTORY a LIMIT 1")) == 1
    assert listed(workspace, "SELECT count(*) FROM a VERSION AS OF 1") == [2]
    with pytest.raises(NotImplementedByFakebricks, match="VERSION AS OF"):
        workspace.sql("SELECT * FROM a TIMESTAMP AS OF '2026-01-01'")


def test_alter_table(workspace: Workspace) -> None:
    workspace.user("bob@acme.test")
    workspace.sql("CREATE TABLE a (x INT)")
    workspace.sql("INSERT INTO a VALUES (1)")
    workspace.sql("ALTER TABLE a ADD COLUMNS (y DOUBLE COMMENT 'yy', z ARRAY<STRUCT<q: INT>>)")
    workspace.sql("ALTER TABLE a ADD COLUMN w DECIMAL(10, 2)")
    workspace.sql("INSERT INTO a (x, y, w) VALUES (2, 2.5, 1)")
    workspace.sql("COMMENT ON COLUMN a.x IS 'xx'")
    workspace.sql("ALTER TABLE a ALTER COLUMN y COMMENT NULL")
    workspace.sql("COMMENT ON TABLE a IS 'a table'")
    workspace.sql("ALTER TABLE a SET TBLPROPERTIES ('k' = 'v', n = 1)")
    workspace.sql("ALTER TABLE a UNSET TBLPROPERTIES IF EXISTS ('n', 'nosuch')")
    workspace.sql("ALTER TABLE a SET TAGS ('team' = 'risk')")
    workspace.sql("ALTER TABLE a SET OWNER TO `bob@acme.test`")
    assert workspace.sql("SELECT * FROM a ORDER BY x").to_pylist()[0] == {"x": 1, "y": None, "z": None, "w": None}
    assert [row["comment"] for row in workspace.sql("DESCRIBE a").to_pylist()] == ["xx", None, None, None]
    assert workspace.sql("SHOW TBLPROPERTIES a").to_pylist() == [{"key": "k", "value": "v"}]
    table = workspace._services[Tables].require("main.default.a")
    assert (table.owner, table.comment) == ("bob@acme.test", "a table")
    assert error_class(workspace, "ALTER TABLE a ADD COLUMNS (X INT)") == "INVALID_PARAMETER_VALUE"
    assert error_class(workspace, "COMMENT ON COLUMN a.nosuch IS 'x'") == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    for refused in ("DROP COLUMN x", "RENAME COLUMN x TO q", "RENAME TO b", "ALTER COLUMN x TYPE BIGINT"):
        with pytest.raises(NotImplementedByFakebricks):
            workspace.sql(f"ALTER TABLE a {refused}")


def test_alter_catalogs_and_schemas(workspace: Workspace) -> None:
    workspace.sql("CREATE SCHEMA main.s")
    workspace.sql("CREATE TABLE main.s.t (x INT)")
    workspace.sql("ALTER SCHEMA main.s RENAME TO main.r")
    workspace.sql("ALTER SCHEMA main.r SET DBPROPERTIES ('a' = 'b')")
    workspace.sql("ALTER CATALOG main RENAME TO prod")
    assert workspace.sql("SELECT * FROM prod.r.t").num_rows == 0
    assert workspace._services[UnityCatalog].require_schema("prod", "r").properties == {"a": "b"}


def test_optimize_and_vacuum(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE a (x INT)")
    for number in range(3):
        workspace.sql("INSERT INTO a VALUES (:x)", x=number)
    assert workspace.sql("OPTIMIZE a ZORDER BY (x)").to_pylist()[0]["metrics"]["numFilesRemoved"] == 3
    assert workspace.sql("VACUUM a DRY RUN").column_names == ["path"]
    assert listed(workspace, "SELECT sum(x) FROM a") == [3]
    assert error_class(workspace, "VACUUM a RETAIN 0 HOURS") == "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT"


def test_sessions(workspace: Workspace) -> None:
    session = Session("main", "default")
    workspace.sql("CREATE CATALOG prod")
    workspace.sql("CREATE SCHEMA prod.fraud")
    for statement, after in {
        "USE CATALOG prod": Session("prod", "default"),
        "USE SCHEMA fraud": Session("main", "fraud"),
        "use prod.`fraud`": Session("prod", "fraud"),
        "SELECT 1": session,
    }.items():
        assert session_after(statement, session) == after
    execute = workspace._services[SparkSql].execute
    execute("CREATE TABLE t AS SELECT 1 AS x", None, session=Session("prod", "fraud"))
    assert execute("SELECT x FROM prod.fraud.t", None).rows.to_pylist() == [{"x": 1}]
    workspace.sql("USE prod.fraud")
    assert error_class(workspace, "USE CATALOG nosuch") == "NO_SUCH_CATALOG_EXCEPTION"
    assert error_class(workspace, "USE nosuch") == "SCHEMA_NOT_FOUND"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE a (x INT) USING PARQUET",
        "CREATE TABLE a (x INT) LOCATION '/tmp/x'",
        "CREATE TABLE a (x INT DEFAULT 3)",
        "CREATE TABLE a (x INT, CHECK (x > 1))",
        "CREATE TABLE a (x BIGINT GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE a SHALLOW CLONE b",
        "CREATE TABLE a LIKE b",
        "CREATE TABLE a (x VARIANT)",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "SHOW PARTITIONS a",
        "SHOW FUNCTIONS",
        "ANALYZE TABLE a COMPUTE STATISTICS",
        "RESTORE TABLE a TO VERSION AS OF 1",
    ],
)
def test_what_is_not_computed_is_refused(workspace: Workspace, statement: str) -> None:
    with pytest.raises(NotImplementedByFakebricks):
        workspace.sql(statement)
    assert workspace.sql("SHOW TABLES").num_rows == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE",
        "CREATE TABLE",
        "CREATE TABLE a",
        "CREATE TABLE a (x INT",
        "CREATE TABLE a (x NOSUCH)",
        "CREATE SCHEMA a.b.c",
        "DROP TABLE a extra",
        "DROP",
        "SHOW TABLES IN a.b.c",
        "DESCRIBE",
        "ALTER TABLE a ADD COLUMNS (x)",
        "COMMENT ON TABLE a IS",
        "GRANT",
        "GRANT SELECT ON",
        "GRANT SELECT, ON TABLE a TO b",
        "USE a.b.c",
        "DESCRIBE HISTORY a LIMIT x",
        "VACUUM a RETAIN x HOURS",
        "VACUUM",
        "TRUNCATE a",
        "CREATE TABLE `` (x INT)",
    ],
)
def test_what_is_no_statement_is_an_error_and_changes_nothing(workspace: Workspace, statement: str) -> None:
    with pytest.raises(SqlError):
        workspace.sql(statement)
    assert workspace.sql("SHOW TABLES").num_rows == 0
