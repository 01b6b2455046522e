"""Real statements, from unmodified clients to Delta tables and back, under the caller's grants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import requests
from databricks import sql
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest
from databricks.sdk.service.sql import Disposition, Format, StatementParameterListItem, StatementState
from databricks.sql.exc import ServerOperationError

from fakebricks import Workspace, fake_workspace

pytest.importorskip("pysail")

COLUMNS = "id BIGINT, price DECIMAL(10,2), day DATE, tags ARRAY<STRING>"
ROWS = "(1, 9.50, DATE'2024-02-29', array('a', 'b')), (2, NULL, NULL, NULL), (3, 80, DATE'2024-03-01', array())"


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """One for all of them: its engine and its table are made once."""
    with fake_workspace() as workspace:
        with connection(workspace) as connected, connected.cursor() as cursor:
            cursor.execute("CREATE SCHEMA main.shop")
            cursor.execute(f"CREATE TABLE main.shop.sales ({COLUMNS})")
            cursor.execute(f"INSERT INTO main.shop.sales VALUES {ROWS}")
            assert cursor.rowcount == 3
        yield workspace


def warehouse() -> str:
    return str(next(iter(WorkspaceClient().warehouses.list())).id)


def connection(workspace: Workspace, **more: Any) -> Any:
    host = workspace.host.removeprefix("https://")
    options = {"access_token": workspace.token, **more}
    return sql.connect(server_hostname=host, http_path=f"/sql/1.0/warehouses/{warehouse()}", **options)


def test_a_statement_with_parameters(workspace: Workspace) -> None:
    told = [StatementParameterListItem(name="least", value="10", type="INT")]
    answer = WorkspaceClient().statement_execution.execute_statement(
        "SELECT * FROM sales WHERE price > :least", warehouse(), catalog="main", schema="shop", parameters=told
    )
    assert answer.result
    assert answer.result.data_array == [["3", "80.00", "2024-03-01", "[]"]]
    assert answer.manifest
    assert answer.manifest.schema
    kinds = [(one.type_name.value, one.type_text) for one in answer.manifest.schema.columns or () if one.type_name]
    assert kinds == [("LONG", "BIGINT"), ("DECIMAL", "DECIMAL(10,2)"), ("DATE", "DATE"), ("ARRAY", "ARRAY<STRING>")]


def test_a_parameter_is_a_value_and_nothing_else(workspace: Workspace) -> None:
    evil = "x' OR 1=1; DROP TABLE main.shop.sales; --"
    statements = WorkspaceClient().statement_execution
    told = [StatementParameterListItem(name="x", value=evil)]
    answer = statements.execute_statement("SELECT :x", warehouse(), parameters=told)
    assert answer.result
    assert answer.result.data_array == [[evil]]
    for catalog in ("main`; DROP TABLE main.shop.sales; --", "main' OR '1'='1"):
        with pytest.raises(BadRequest, match="is not a valid name"):
            statements.execute_statement("SELECT * FROM sales", warehouse(), catalog=catalog, schema="shop")
    two = statements.execute_statement("SELECT 1; DROP TABLE main.shop.sales", warehouse()).status
    assert two
    assert two.state is StatementState.FAILED
    assert workspace.table("main.shop.sales").num_rows == 3


def test_links_to_arrow_and_csv(workspace: Workspace) -> None:
    statements = WorkspaceClient().statement_execution
    links = {"disposition": Disposition.EXTERNAL_LINKS, "format": Format.CSV}
    answer = statements.execute_statement("SELECT id, price FROM main.shop.sales ORDER BY id", warehouse(), **links)
    assert answer.result
    assert answer.result.external_links
    text = requests.get(answer.result.external_links[0].external_link, timeout=5).text
    assert text == "id,price\n1,9.50\n2,null\n3,80.00\n"


def test_the_connector(workspace: Workspace) -> None:
    with connection(workspace, catalog="main", schema="shop") as connected, connected.cursor() as cursor:
        cursor.execute("SELECT * FROM sales WHERE id = ?", [1])
        (row,) = cursor.fetchall()
        assert (row.id, row.price, row.day, list(row.tags)) == (1, Decimal("9.50"), dt.date(2024, 2, 29), ["a", "b"])
        with pytest.raises(ServerOperationError, match=r"\[DIVIDE_BY_ZERO\]"):
            cursor.execute("SELECT 1 / 0")
        cursor.execute("SELECT sum(price) AS total FROM sales")
        assert cursor.fetchone().total == Decimal("89.50")
        cursor.execute("USE CATALOG main")
        cursor.execute("USE SCHEMA default")
        with pytest.raises(ServerOperationError, match="TABLE_OR_VIEW_NOT_FOUND"):
            cursor.execute("SELECT * FROM sales")
        with pytest.raises(ServerOperationError, match="nowhere"):
            cursor.execute("USE SCHEMA nowhere")


def test_the_connector_over_rest(workspace: Workspace) -> None:
    with connection(workspace, use_sea=True) as connected, connected.cursor() as cursor:
        cursor.execute("SELECT id, tags FROM main.shop.sales ORDER BY id")
        assert cursor.fetchall_arrow()["tags"].to_pylist() == [["a", "b"], None, []]


@pytest.mark.parametrize("mode", [{}, {"use_sea": True}], ids=["thrift", "rest"])
def test_what_there_is(workspace: Workspace, mode: dict[str, Any]) -> None:
    with connection(workspace, **mode) as connected, connected.cursor() as cursor:
        assert [row[0] for row in cursor.catalogs().fetchall()] == ["main"]
        assert "shop" in [row[0] for row in cursor.schemas(catalog_name="main", schema_name="shop").fetchall()]
        (table,) = cursor.tables(catalog_name="main", schema_name="sh%", table_name="sales").fetchall()
        assert {"main", "shop", "sales", "TABLE"} <= {*table}
        found = cursor.columns(catalog_name="main", schema_name="shop", table_name="sales", column_name="p%").fetchall()
        assert ["DECIMAL(10,2)" in [*row] for row in found] == [True]
        assert len(cursor.columns(catalog_name="main", table_name="s_les").fetchall()) == 4
        assert len(cursor.tables().fetchall()) == 1


def test_pandas(workspace: Workspace) -> None:
    with connection(workspace) as connected, pytest.warns(UserWarning, match="SQLAlchemy"):
        frame = pd.read_sql("SELECT id, price FROM main.shop.sales ORDER BY id", connected)
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["price"][0] == Decimal("9.50")


def test_a_statement_is_its_callers(workspace: Workspace) -> None:
    bob = workspace.user("bob@acme.test")
    with connection(workspace, access_token=bob.token) as connected, connected.cursor() as cursor:
        with pytest.raises(ServerOperationError, match=r"User does not have USE CATALOG on Catalog 'main'"):
            cursor.execute("SELECT * FROM main.shop.sales")
        with connection(workspace) as of_owner, of_owner.cursor() as granting:
            for statement in (
                "GRANT USE CATALOG ON CATALOG main TO `bob@acme.test`",
                "GRANT USE SCHEMA, SELECT ON SCHEMA main.shop TO `bob@acme.test`",
            ):
                granting.execute(statement)
        cursor.execute("SELECT count(*) AS n FROM main.shop.sales")
        assert cursor.fetchone().n == 3
        with pytest.raises(ServerOperationError, match="MODIFY"):
            cursor.execute("DELETE FROM main.shop.sales")
