"""SQL warehouses and statements through unmodified databricks-sdk, databricks-sql-connector and pandas.

A stub stands for the engine here; what it answers is not looked at, but how it reaches the clients.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import requests
from clocks import standing_at
from conftest import Entered
from databricks import sql
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, PermissionDenied
from databricks.sdk.service.sql import (
    CreateWarehouseRequestWarehouseType,
    Disposition,
    ExecuteStatementRequestOnWaitTimeout,
    Format,
    State,
    StatementParameterListItem,
    StatementState,
    WarehouseAccessControlRequest,
    WarehousePermissionLevel,
)
from databricks.sql.exc import DatabaseError, Error, RequestError, ServerOperationError
from stub_engine import EVERY_TYPE, MOMENT, StubEngine, stubbed

from fakebricks import Workspace
from fakebricks.services.sql import Parameter, Session

MODES = {"thrift": {}, "rest": {"use_sea": True}}


@contextmanager
def world(entered: Entered, **options: Any) -> Iterator[tuple[Workspace, StubEngine, str]]:
    with entered(clock=standing_at(), **options) as workspace:
        yield workspace, stubbed(workspace, most_rows=4), next(iter(WorkspaceClient().warehouses.list())).id


@contextmanager
def connected(workspace: Workspace, warehouse: str, **more: Any) -> Iterator[Any]:
    """A connection, by the host that the environment names: in process, or a server that speaks plain HTTP."""
    config = WorkspaceClient().config
    url = urlsplit(config.host)
    path = f"/sql/1.0/warehouses/{warehouse}"
    options: dict[str, Any] = {"access_token": workspace.token, "http_path": path, **more}
    if url.scheme == "https":
        options["server_hostname"] = url.hostname
    elif more.get("use_sea"):
        options |= {"server_hostname": f"http://{url.hostname}", "_port": url.port, "enable_telemetry": False}
    else:
        # Without telemetry, as the connector would ask for its flags at another port.
        options |= {"server_hostname": url.hostname, "_connection_uri": f"{config.host}{path}"}
        options["enable_telemetry"] = False
    with sql.connect(**options) as connection:
        yield connection


# databricks-sdk


def test_warehouses(entered: Entered) -> None:
    with entered() as workspace:
        client = WorkspaceClient()
        made = client.warehouses.create_and_wait(
            name="etl",
            cluster_size="X-Small",
            max_num_clusters=1,
            auto_stop_mins=10,
            warehouse_type=CreateWarehouseRequestWarehouseType.PRO,
            enable_serverless_compute=True,
        )
        assert (made.state, made.num_clusters, made.name) == (State.RUNNING, 1, "etl")
        assert made.odbc_params is not None
        assert made.odbc_params.path == f"/sql/1.0/warehouses/{made.id}"
        assert client.warehouses.stop_and_wait(made.id).state is State.STOPPED
        assert client.warehouses.start_and_wait(made.id).state is State.RUNNING
        workspace.clock.advance(minutes=11)
        assert client.warehouses.get(made.id).state is State.STOPPED
        client.warehouses.edit(made.id, name="etl-2", cluster_size="Small", auto_stop_mins=0)
        assert {one.name for one in client.warehouses.list()} == {"etl-2", "Serverless Starter Warehouse"}
        workspace.user("bob@acme.test")
        allowed = WarehouseAccessControlRequest(
            user_name="bob@acme.test", permission_level=WarehousePermissionLevel.CAN_USE
        )
        held = client.warehouses.update_permissions(made.id, access_control_list=[allowed])
        assert "bob@acme.test" in {one.user_name for one in held.access_control_list or ()}
        assert client.warehouses.get_workspace_warehouse_config().security_policy
        client.warehouses.delete(made.id)
        with pytest.raises(NotFound, match=f"SQL warehouse {made.id} does not exist"):
            client.warehouses.get(made.id)
        with pytest.raises(InvalidParameterValue, match="none is not a valid endpoint id"):
            client.warehouses.get("none")


def test_mlflow_starts_the_warehouse_that_it_needs(entered: Entered) -> None:
    module = pytest.importorskip("mlflow.utils.databricks_sql_warehouse", reason="MLflow 2 needs no warehouse")
    with world(entered) as (_, _, warehouse):
        assert WorkspaceClient().warehouses.get(warehouse).state is State.STOPPED
        module.ensure_sql_warehouse_running(warehouse)
        assert WorkspaceClient().warehouses.get(warehouse).state is State.RUNNING
        module._verified_running.clear()


def test_a_statement_through_the_sdk(entered: Entered) -> None:
    with world(entered) as (_, engine, warehouse):
        statements = WorkspaceClient().statement_execution
        told = [StatementParameterListItem(name="day", value="2024-02-29", type="DATE")]
        answer = statements.execute_statement("range 6", warehouse, catalog="main", schema="ml", parameters=told)
        assert answer.status
        assert answer.status.state is StatementState.SUCCEEDED
        assert answer.result
        assert answer.result.data_array == [["0"], ["1"], ["2"], ["3"]]
        rest = statements.get_statement_result_chunk_n(answer.statement_id, answer.result.next_chunk_index)
        assert rest.data_array == [["4"], ["5"]]
        assert engine.executed[-1].session == Session("main", "ml")
        assert engine.executed[-1].parameters == (Parameter("day", "2024-02-29", "DATE"),)
        failed = statements.execute_statement("fail", warehouse).status
        assert failed
        assert failed.state is StatementState.FAILED
        assert failed.error
        assert "TABLE_OR_VIEW_NOT_FOUND" in failed.error.message
        with pytest.raises(BadRequest, match="wait_timeout"):
            statements.execute_statement("range 1", warehouse, wait_timeout="1m")


def test_links_through_the_sdk_and_requests(entered: Entered) -> None:
    with world(entered) as (_, _, warehouse):
        answer = WorkspaceClient().statement_execution.execute_statement(
            "range 3", warehouse, disposition=Disposition.EXTERNAL_LINKS, format=Format.CSV
        )
        assert answer.result
        assert answer.result.external_links
        assert requests.get(answer.result.external_links[0].external_link, timeout=5).text == "id\n0\n1\n2\n"


def test_the_usual_loop_until_a_statement_is_done(entered: Entered) -> None:
    import time

    with world(entered, warehouses={"statement": 90}) as (workspace, _, warehouse):
        statements = WorkspaceClient().statement_execution
        answer = statements.execute_statement("range 1", warehouse, wait_timeout="50s")
        began, polls = workspace.clock.time(), 0
        while answer.status and answer.status.state in (StatementState.PENDING, StatementState.RUNNING):
            time.sleep(5)
            polls += 1
            answer = statements.get_statement(answer.statement_id)
        assert answer.result
        assert answer.result.data_array == [["0"]]
        assert 8 <= polls <= 10
        assert workspace.clock.time() - began == pytest.approx(45, abs=5)
        cancel = ExecuteStatementRequestOnWaitTimeout.CANCEL
        answer = statements.execute_statement("range 1", warehouse, wait_timeout="30s", on_wait_timeout=cancel)
        assert answer.status
        assert answer.status.state is StatementState.CANCELED
        answer = statements.execute_statement("range 1", warehouse, wait_timeout="0s")
        statements.cancel_execution(answer.statement_id)
        found = statements.get_statement(answer.statement_id)
        assert found.status
        assert found.status.state is StatementState.CANCELED


def test_who_may_not(entered: Entered) -> None:
    with world(entered) as (workspace, _, warehouse):
        client = WorkspaceClient()
        made = client.warehouses.create(name="etl", cluster_size="Small").response.id
        answer = client.statement_execution.execute_statement("range 1", warehouse)
        workspace.user("bob@acme.test")
        with workspace.acting_as("bob@acme.test"):
            bob = WorkspaceClient().statement_execution
            with pytest.raises(PermissionDenied, match="not authorized to use or monitor this SQL Endpoint"):
                bob.execute_statement("range 1", made)
            with pytest.raises(PermissionDenied, match="not the owner"):
                bob.get_statement(answer.statement_id)
            assert bob.execute_statement("range 1", warehouse).result


# databricks-sql-connector


@pytest.mark.parametrize("mode", MODES)
def test_every_type_through_the_connector(entered: Entered, mode: str) -> None:
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse, **MODES[mode]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("every type")
        assert [one[0] for one in cursor.description] == list(EVERY_TYPE)
        kinds = {one[0]: one for one in cursor.description}
        assert kinds["a_decimal"][1:] == ("decimal", None, None, 10, 2, None)
        assert [kinds[name][1] for name in ("a_long", "an_array", "a_time")] == ["bigint", "array", "timestamp"]
        row, nulls = cursor.fetchall()
        assert set(nulls) == {None}
        assert row.a_decimal == Decimal("1.50")
        assert (row.a_boolean, row.a_byte, row.a_long, row.a_binary) == (True, -1, 2**40, b"\x00\xff")
        assert (row.a_date, row.a_time) == (dt.date(2024, 2, 29), MOMENT)
        assert (row.a_struct["a"], list(row.a_struct["b"]), row.a_map) == (1, ["x"], [("k", 1)])
        cursor.execute("every type")
        assert cursor.fetchall_arrow().schema.types == [kind for _, kind, *_ in EVERY_TYPE.values()]


def test_nested_types_as_text(entered: Entered) -> None:
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse, _use_arrow_native_complex_types=False) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("every type")
        row, nulls = cursor.fetchall()
        assert (row.an_array, row.a_map, row.a_struct) == ("[1,null]", '{"k":1}', '{"a":1,"b":["x"]}')
        assert (row.a_decimal, nulls.an_array) == (Decimal("1.50"), None)


def test_a_connector_without_pyarrow(entered: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("client", "backend.thrift_backend", "utils", "result_set"):
        monkeypatch.setattr(f"databricks.sql.{name}.pyarrow", None)
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("every type")
        row, nulls = cursor.fetchall()
        assert set(nulls) == {None}
        assert (row.a_boolean, row.a_byte, row.a_short, row.an_int, row.a_long) == (True, -1, 2, 3, 2**40)
        assert (row.a_double, row.a_decimal, row.a_string) == (1e10, Decimal("1.50"), "né,\"'")
        assert row.a_float == pytest.approx(0.1)
        assert (row.a_binary, row.a_date, row.a_time) == (b"\x00\xff", dt.date(2024, 2, 29), MOMENT)
        assert (row.an_array, row.a_struct) == ("[1,null]", '{"a":1,"b":["x"]}')
        cursor.execute("range 10")
        assert [row.id for row in cursor.fetchall()] == list(range(10))
        cursor.execute("nothing")
        assert cursor.fetchall() == []
        cursor.execute("create")
        assert cursor.fetchall() == []


@pytest.mark.parametrize("mode", MODES)
def test_rows_are_fetched_over_chunks(entered: Entered, mode: str) -> None:
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse, **MODES[mode]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("range 10")
        assert [row.id for row in cursor.fetchmany(3)] == [0, 1, 2]
        assert cursor.fetchone().id == 3
        assert [row.id for row in cursor.fetchall()] == [4, 5, 6, 7, 8, 9]
        assert cursor.fetchall() == []
        cursor.execute("range 10")
        assert cursor.fetchmany_arrow(5)["id"].to_pylist() == [0, 1, 2, 3, 4]
        assert [row.id for row in cursor] == [5, 6, 7, 8, 9]
        cursor.execute("nothing")
        assert (cursor.fetchall(), cursor.description[0][:2]) == ([], ("a", "int"))
        cursor.execute("create")
        assert cursor.fetchall() == []


def test_small_pages_are_fetched_from_the_server(entered: Entered) -> None:
    with world(entered) as (workspace, _, warehouse), connected(workspace, warehouse) as connection:
        cursor = connection.cursor(arraysize=2)
        cursor.execute("range 9")
        assert [row.id for row in cursor.fetchall()] == list(range(9))
        cursor.close()
        limited = connection.cursor(row_limit=3)
        limited.execute("range 9")
        assert len(limited.fetchall()) == 3


def test_how_many_rows_were_changed(entered: Entered) -> None:
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("insert")
        assert cursor.rowcount == 3
        cursor.execute("range 1")
        assert cursor.rowcount == -1


@pytest.mark.parametrize("mode", MODES)
def test_errors_have_the_text_of_spark(entered: Entered, mode: str) -> None:
    with (
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse, **MODES[mode]) as connection,
        connection.cursor() as cursor,
    ):
        with pytest.raises(ServerOperationError, match=r"\[TABLE_OR_VIEW_NOT_FOUND\] The table or view `x`") as raised:
            cursor.execute("fail")
        assert isinstance(raised.value, DatabaseError)
        cursor.execute("range 1")
        assert cursor.fetchall(), "the connection goes on"


def test_parameters(entered: Entered) -> None:
    with (
        world(entered) as (workspace, engine, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("create", {"n": 1, "s": "it's", "none": None, "price": Decimal("1.50"), "yes": True})
        assert set(engine.executed[-1].parameters) == {
            Parameter("n", "1", "INT"),
            Parameter("s", "it's", "STRING"),
            Parameter("none", None),
            Parameter("price", "1.50", "DECIMAL(3,2)"),
            Parameter("yes", "True", "BOOLEAN"),
        }
        cursor.execute("create", [7, dt.date(2024, 2, 29)])
        assert engine.executed[-1].parameters == (Parameter("", "7", "INT"), Parameter("", "2024-02-29", "DATE"))


@pytest.mark.parametrize("mode", MODES)
def test_sessions_are_apart(entered: Entered, mode: str) -> None:
    with world(entered) as (workspace, engine, warehouse):
        WorkspaceClient().schemas.create(name="ml", catalog_name="main")
        with (
            connected(workspace, warehouse, catalog="main", schema="ml", **MODES[mode]) as first,
            connected(workspace, warehouse, **MODES[mode]) as second,
            first.cursor() as one,
            second.cursor() as other,
        ):
            one.execute("create")
            assert engine.executed[-1].session == Session("main", "ml")
            other.execute("create")
            assert engine.executed[-1].session == Session("main", "default")
            other.execute("USE SCHEMA ml")
            one.execute("USE SCHEMA default")
            other.execute("create")
            assert engine.executed[-1].session == Session("main", "ml")


def test_what_there_is(entered: Entered) -> None:
    with world(entered) as (workspace, _, warehouse):
        client = WorkspaceClient()
        client.schemas.create(name="ml", catalog_name="main")
        client.catalogs.create(name="prod")
        columns = [{"name": "id", "type_text": "bigint"}, {"name": "price", "type_text": "decimal(10,2)"}]
        body = {"name": "sales", "catalog_name": "main", "schema_name": "ml", "table_type": "MANAGED"}
        client.api_client.do(
            "POST", "/api/2.1/unity-catalog/tables", body={**body, "data_source_format": "DELTA", "columns": columns}
        )
        with connected(workspace, warehouse) as connection, connection.cursor() as cursor:
            assert {row.TABLE_CAT for row in cursor.catalogs().fetchall()} == {"main", "prod"}
            found = cursor.schemas(catalog_name="main", schema_name="m%").fetchall()
            assert [(row.TABLE_CATALOG, row.TABLE_SCHEM) for row in found] == [("main", "ml")]
            (table,) = cursor.tables(catalog_name="main", schema_name="_l", table_name="SALES").fetchall()
            assert (table.TABLE_NAME, table.TABLE_TYPE) == ("sales", "TABLE")
            assert cursor.tables(table_types=["VIEW"]).fetchall() == []
            found = cursor.columns(catalog_name="main", table_name="sales").fetchall()
            assert [(row.COLUMN_NAME, row.TYPE_NAME, row.DATA_TYPE) for row in found] == [
                ("id", "BIGINT", -5),
                ("price", "DECIMAL(10,2)", 3),
            ]
            assert [row.DECIMAL_DIGITS for row in found][1] == 2
        workspace.user("bob@acme.test")
        bob = workspace.user("bob@acme.test").token
        with connected(workspace, warehouse, access_token=bob) as connection, connection.cursor() as cursor:
            assert cursor.catalogs().fetchall() == [], "who may use nothing sees nothing"


def test_a_slow_statement_is_waited_for_and_polled(entered: Entered) -> None:
    with (
        world(entered, warehouses={"statement": 60}) as (workspace, _, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
    ):
        began = workspace.clock.time()
        cursor.execute("range 1")
        assert cursor.fetchall()
        assert workspace.clock.time() - began == pytest.approx(64, abs=1)
        cursor.execute_async("range 2")
        assert cursor.is_query_pending()
        workspace.clock.advance(minutes=2)
        cursor.get_async_execution_result()
        assert len(cursor.fetchall()) == 2


def test_a_statement_is_cancelled_from_another_thread(entered: Entered) -> None:
    with (
        world(entered, warehouses={"statement": 3600}) as (workspace, _, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute_async("range 1")
        thread = threading.Thread(target=cursor.cancel)
        thread.start()
        thread.join()
        with pytest.raises(Error):
            cursor.get_async_execution_result()


@pytest.mark.parametrize("mode", MODES)
def test_pandas_reads_it(entered: Entered, mode: str) -> None:
    with world(entered) as (workspace, _, warehouse), connected(workspace, warehouse, **MODES[mode]) as connection:
        with pytest.warns(UserWarning, match="SQLAlchemy"):
            frame = pd.read_sql("range 6", connection)
        assert frame["id"].tolist() == list(range(6))
        with connection.cursor() as cursor:
            cursor.execute("every type")
            assert cursor.fetchall_arrow().to_pandas()["a_long"][0] == 2**40


def test_who_may_not_connect(entered: Entered) -> None:
    with world(entered) as (workspace, _, warehouse):
        made = WorkspaceClient().warehouses.create(name="etl", cluster_size="Small").response.id
        bob = workspace.user("bob@acme.test").token
        with (
            pytest.raises(RequestError, match="not authorized to use or monitor"),
            connected(workspace, made, access_token=bob),
        ):
            pass
        with pytest.raises(RequestError), connected(workspace, warehouse, access_token="dapi0"):
            pass
        with pytest.raises(RequestError, match="does not exist"), connected(workspace, "0" * 16):
            pass


def test_nothing_leaves_the_machine_and_nothing_warns(caplog: pytest.LogCaptureFixture) -> None:
    from fakebricks import fake_workspace

    with fake_workspace() as workspace, caplog.at_level(logging.WARNING):
        stubbed(workspace)
        warehouse = next(iter(WorkspaceClient().warehouses.list())).id
        with (
            connected(workspace, warehouse, force_enable_telemetry=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("range 1")
            cursor.fetchall()
        with connected(workspace, warehouse) as connection, connection.cursor() as cursor:
            cursor.execute("range 1")
        assert not caplog.records
        assert {call.status for call in workspace.calls} == {200}


def test_what_is_not_computed_fails_the_test(entered: Entered) -> None:
    from fakebricks.workspace import UnsupportedCallError

    with (
        pytest.raises(UnsupportedCallError, match="the stub does not execute 'LAUNCH'"),
        world(entered) as (workspace, _, warehouse),
        connected(workspace, warehouse) as connection,
        connection.cursor() as cursor,
        pytest.raises(RequestError, match="the stub does not execute"),
    ):
        cursor.execute("LAUNCH")
