"""What executes statements: the engine in this process, or a server by its URL; and what they are executed on."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import util

import pytest

from fakebricks import fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.sql.spark import Spark
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import NotImplementedByFakebricks


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A Spark Connect server of its own."""
    spark = pytest.importorskip("pysail.spark")
    server = spark.SparkConnectServer()
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


def test_a_server_by_its_url_executes_statements(server: str) -> None:
    with fake_workspace(spark=server) as workspace:
        assert workspace._services[Spark].session.client._builder.endpoint == server.removeprefix("sc://")
        workspace.sql("CREATE TABLE cards AS SELECT id FROM range(3)")
        workspace.sql("DELETE FROM cards WHERE id = 1")
        assert workspace.sql("SELECT sum(id) AS s FROM cards").to_pylist() == [{"s": 2}]


def test_a_server_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakebricks.services.sql.spark._RETRIES", 0)
    with fake_workspace(spark="sc://127.0.0.1:9") as workspace, pytest.raises(SqlError, match="INTERNAL_ERROR"):
        workspace.sql("SELECT 1")


def test_workspaces_have_sessions_of_their_own() -> None:
    with fake_workspace(seed=1) as one, fake_workspace(seed=2) as other:
        one.sql("CREATE TABLE cards AS SELECT 1 AS x")
        other.sql("CREATE TABLE cards AS SELECT 2 AS x")
        assert one.sql("SELECT x FROM cards").to_pylist() == [{"x": 1}]
        assert other.sql("SELECT x FROM cards").to_pylist() == [{"x": 2}]
        one.spark.sql("SELECT 1 AS x").createOrReplaceTempView("mine")
        with pytest.raises(SqlError, match="TABLE_OR_VIEW_NOT_FOUND"):
            other.spark.sql("SELECT * FROM mine")


@pytest.mark.parametrize("missing", ["pysail", "sqlglot", "pyspark"])
def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    find = util.find_spec
    monkeypatch.setattr("fakebricks.services.sql.spark.find_spec", lambda name: None if name == missing else find(name))
    with (
        fake_workspace() as workspace,
        pytest.raises(NotImplementedByFakebricks, match=rf"{missing}.*fakebricks\[sql\]"),
    ):
        workspace.sql("SELECT 1")


def test_rows_that_are_due_are_read() -> None:
    with fake_workspace() as workspace:
        workspace.sql("CREATE TABLE payloads (id INT)")
        tables = workspace._services[DeltaTables]
        table = workspace._services[Tables].require("main.default.payloads")
        due = [{"id": 1}, {"id": 2}]

        def write(full_name: str) -> None:
            if full_name == table.full_name and due:
                tables.files_of(table).append([due.pop(0)])

        tables.also_writes(write)
        for count in (1, 2, 2):
            assert workspace.sql("SELECT count(*) AS n FROM payloads").to_pylist() == [{"n": count}]


def test_snapshots_bring_rows_back() -> None:
    with fake_workspace() as workspace:
        workspace.sql("CREATE TABLE cards AS SELECT 1 AS x")
        snapshot = workspace.snapshot()
        workspace.sql("UPDATE cards SET x = 2")
        workspace.sql("CREATE TABLE other AS SELECT 1 AS x")
        workspace.restore(snapshot)
        assert workspace.sql("SELECT x FROM cards").to_pylist() == [{"x": 1}]
        assert workspace.sql("SHOW TABLES").num_rows == 1
