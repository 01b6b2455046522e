"""Views: what they show, to whom, and what they are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import TableType

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.sql.engine import SparkSql
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

ANN, BOB = "ann@acme.test", "bob@acme.test"


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    pytest.importorskip("pysail")
    with fake_workspace() as entered:
        entered.sql("CREATE TABLE payments (id INT, amount DOUBLE, country STRING)")
        entered.sql("INSERT INTO payments VALUES (1, 2.5, 'NL'), (2, 5, 'DE'), (3, 7, 'NL')")
        for name in (ANN, BOB):
            entered.user(name)
            entered.sql(f"GRANT USE CATALOG ON CATALOG main TO `{name}`")
            entered.sql(f"GRANT USE SCHEMA, CREATE TABLE ON SCHEMA main.default TO `{name}`")
        yield entered


def test_a_view_shows_a_query(workspace: Workspace) -> None:
    workspace.sql("CREATE VIEW dutch AS SELECT * FROM payments WHERE country = 'NL'")
    assert workspace.sql("SELECT d.id, dutch.amount FROM dutch JOIN main.default.dutch d USING (id)").num_rows == 2
    workspace.sql(
        "CREATE OR REPLACE VIEW dutch (country COMMENT 'iso', n) COMMENT 'how many' TBLPROPERTIES ('a' = 'b') "
        "AS WITH q AS (SELECT country, count(*) AS c FROM payments GROUP BY 1) SELECT * FROM q"
    )
    statement = "WITH q AS (SELECT 'NL' AS country) SELECT q.country, n FROM q, dutch WHERE dutch.country = q.country"
    assert workspace.sql(statement).to_pylist() == [{"country": "NL", "n": 2}]
    assert sorted(row["n"] for row in workspace.table("main.default.dutch").to_pylist()) == [1, 2]
    shown = workspace.sql("SHOW CREATE TABLE dutch").to_pylist()[0]["createtab_stmt"]
    workspace.sql("DROP VIEW dutch")
    workspace.sql(shown)
    assert workspace.sql("SHOW CREATE TABLE dutch").to_pylist()[0]["createtab_stmt"] == shown


def test_what_its_tables_get_later_is_not_shown(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE grown AS SELECT 1 AS id")
    workspace.sql("CREATE VIEW of_grown AS SELECT * FROM grown")
    workspace.sql("ALTER TABLE grown ADD COLUMN more INT")
    assert workspace.sql("SELECT * FROM of_grown").column_names == ["id"]
    workspace.sql("CREATE OR REPLACE TABLE grown AS SELECT 1 AS other")
    with pytest.raises(SqlError, match="UNRESOLVED_COLUMN"):
        workspace.sql("SELECT * FROM of_grown")


def test_names_are_looked_for_where_it_was_made(workspace: Workspace) -> None:
    from fakebricks.services.sql import Session

    workspace.sql("CREATE SCHEMA risk")
    workspace.sql("CREATE TABLE risk.scores AS SELECT 0.5 AS score")
    engine = workspace._services[SparkSql]
    engine.execute("CREATE VIEW main.default.scored AS SELECT * FROM scores", None, session=Session("main", "risk"))
    assert workspace.sql("SELECT * FROM scored").num_rows == 1


def test_it_is_an_object_of_unity_catalog(workspace: Workspace) -> None:
    workspace.sql("CREATE VIEW told AS SELECT id FROM payments")
    told = WorkspaceClient().tables.get("main.default.told")
    assert (told.table_type, told.view_definition) == (TableType.VIEW, "SELECT id FROM payments")
    assert (told.storage_location, [one.name for one in told.columns]) == (None, ["id"])
    assert {"namespace": "default", "viewName": "told", "isTemporary": False} in workspace.sql("SHOW VIEWS").to_pylist()
    described = workspace.sql("DESCRIBE EXTENDED told").to_pylist()
    assert {"col_name": "View Text", "data_type": "SELECT id FROM payments", "comment": ""} in described
    listed = "SELECT view_definition FROM information_schema.views WHERE table_name = 'told'"
    assert workspace.sql(listed).to_pylist() == [{"view_definition": "SELECT id FROM payments"}]


def test_its_owner_reads_for_who_may_see_it(workspace: Workspace) -> None:
    workspace.sql("GRANT SELECT ON payments TO `ann@acme.test`")
    with workspace.acting_as(ANN):
        workspace.sql("CREATE VIEW anns AS SELECT id, current_user() AS reader FROM payments")
        workspace.sql("GRANT SELECT ON VIEW anns TO `bob@acme.test`")
    with workspace.acting_as(BOB):
        assert workspace.sql("SELECT DISTINCT reader FROM anns").to_pylist() == [{"reader": BOB}]
        assert workspace.table("main.default.anns").num_rows == 3
        for statement, table in (
            ("SELECT * FROM payments", "payments"),
            ("CREATE VIEW bobs AS SELECT * FROM payments", "payments"),
            ("CREATE OR REPLACE VIEW anns AS SELECT 1 AS id", "anns"),
            ("DROP VIEW anns", "anns"),
        ):
            with pytest.raises(SqlError, match=f"'main.default.{table}'") as refused:
                workspace.sql(statement)
            assert refused.value.error_class == "INSUFFICIENT_PERMISSIONS"
        definitions = workspace.sql(
            "SELECT view_definition AS d FROM information_schema.views WHERE table_name = 'anns'"
        )
        assert definitions.to_pylist() == [{"d": None}]
    workspace.sql("REVOKE SELECT ON payments FROM `ann@acme.test`")
    with workspace.acting_as(BOB), pytest.raises(SqlError, match="SELECT on Table 'main.default.payments'"):
        workspace.sql("SELECT * FROM anns")
    workspace.sql("SELECT * FROM anns")  # it is the test that looks


def test_a_group_owns_a_view(workspace: Workspace) -> None:
    workspace.user("eve@acme.test", groups=["risk"])
    workspace.sql("CREATE VIEW groups_own AS SELECT id FROM payments")
    workspace.sql("GRANT SELECT ON groups_own TO `bob@acme.test`")
    workspace.sql("ALTER VIEW groups_own SET OWNER TO risk")
    with workspace.acting_as(BOB), pytest.raises(SqlError, match="INSUFFICIENT_PERMISSIONS"):
        workspace.sql("SELECT * FROM groups_own")
    workspace.sql("GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG main TO risk")
    with workspace.acting_as(BOB):
        assert workspace.sql("SELECT * FROM groups_own").num_rows == 3


@pytest.mark.parametrize(
    ("statement", "error_class"),
    [
        ("INSERT INTO seen VALUES (1)", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("DELETE FROM seen", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("UPDATE seen SET id = 1", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("DESCRIBE HISTORY seen", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("OPTIMIZE seen", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("ALTER TABLE seen ADD COLUMN x INT", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("CREATE OR REPLACE TABLE seen (x INT)", "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE"),
        ("DROP TABLE seen", "WRONG_COMMAND_FOR_OBJECT_TYPE"),
        ("DROP VIEW payments", "WRONG_COMMAND_FOR_OBJECT_TYPE"),
        ("DROP VIEW nothing", "TABLE_OR_VIEW_NOT_FOUND"),
        ("CREATE OR REPLACE VIEW payments AS SELECT 1 AS x", "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE"),
        ("ALTER VIEW payments SET TBLPROPERTIES ('a' = 'b')", "EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE"),
        ("CREATE VIEW seen AS SELECT 1 AS x", "TABLE_OR_VIEW_ALREADY_EXISTS"),
        ("CREATE OR REPLACE VIEW seen AS SELECT * FROM seen", "RECURSIVE_VIEW"),
        ("CREATE OR REPLACE VIEW seen AS SELECT * FROM seen_again", "RECURSIVE_VIEW"),
        ("CREATE VIEW wrong AS SELECT * FROM nothing", "TABLE_OR_VIEW_NOT_FOUND"),
        ("CREATE VIEW wrong AS SELECT * FROM payments WHERE id = :id", "UNSUPPORTED_FEATURE"),
        ("CREATE VIEW wrong (a, b) AS SELECT 1 AS a", "CREATE_VIEW_COLUMN_ARITY_MISMATCH"),
        ("CREATE VIEW wrong (a) AS SELECT 1 AS a, 2 AS b", "CREATE_VIEW_COLUMN_ARITY_MISMATCH"),
        ("CREATE VIEW wrong AS SELECT 1 AS a, 2 AS a", "INVALID_PARAMETER_VALUE"),
        ("CREATE VIEW wrong AS", "PARSE_SYNTAX_ERROR"),
        ("CREATE VIEW wrong SELECT 1 AS a", "PARSE_SYNTAX_ERROR"),
        ("CREATE VIEW elsewhere.wrong AS SELECT 1 AS a", "SCHEMA_NOT_FOUND"),
    ],
)
def test_what_a_view_is_not(workspace: Workspace, statement: str, error_class: str) -> None:
    workspace.sql("CREATE VIEW IF NOT EXISTS seen AS SELECT id FROM payments")
    workspace.sql("CREATE VIEW IF NOT EXISTS seen_again AS SELECT id FROM seen")
    with pytest.raises(SqlError) as refused:
        workspace.sql(statement, id=1)
    assert refused.value.error_class.startswith(error_class)
    assert workspace.sql("SELECT * FROM seen_again").num_rows == 3
    assert workspace.sql("SHOW TABLES LIKE 'wrong'").num_rows == 0


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS x", "TEMP VIEW"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1 AS x", "MATERIALIZED VIEW"),
        ("CREATE VIEW v WITH METRICS AS SELECT 1 AS x", "WITH in CREATE VIEW"),
        ("CREATE VIEW v (a, b) AS SELECT 1 AS x, 2 AS x", "one name"),
        ("CREATE VIEW v AS DELETE FROM payments", "a query"),
        ("SELECT * FROM scanned VERSION AS OF 1", "VERSION AS OF"),
        ("ALTER VIEW scanned AS SELECT 1 AS x", "CREATE OR REPLACE VIEW"),
    ],
)
def test_what_is_not_computed_is_refused(workspace: Workspace, statement: str, named: str) -> None:
    workspace.sql("CREATE VIEW IF NOT EXISTS scanned AS SELECT id FROM payments")
    with pytest.raises(NotImplementedByFakebricks, match=named):
        workspace.sql(statement)


def test_rows_are_not_put_into_a_view(workspace: Workspace) -> None:
    workspace.sql("CREATE VIEW IF NOT EXISTS full AS SELECT id FROM payments")
    with pytest.raises(InvalidParameterValue, match="is a view"):
        workspace.save_table("main.default.full", workspace.table("main.default.payments"), append=True)
    with pytest.raises(InvalidParameterValue, match="is a view"):
        workspace.storage_options("main.default.full")


def test_temporary_views_are_not_in_views(workspace: Workspace) -> None:
    spark = workspace.spark
    spark.createDataFrame([(1,)], "id INT").createOrReplaceTempView("fresh")
    with pytest.raises(SqlError, match="INVALID_TEMP_OBJ_REFERENCE"):
        spark.sql("CREATE VIEW main.default.lasting AS SELECT * FROM fresh")


def test_snapshots_have_views() -> None:
    with fake_workspace() as workspace:
        workspace.sql("CREATE TABLE payments AS SELECT 1 AS id")
        workspace.sql("CREATE VIEW shown AS SELECT * FROM payments")
        before = workspace.snapshot()
        workspace.sql("DROP VIEW shown")
        workspace.restore(before)
        assert workspace.sql("SELECT * FROM shown").num_rows == 1
