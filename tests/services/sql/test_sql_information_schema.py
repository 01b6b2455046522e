"""Tables that are made when they are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.sql.spark import Spark
from fakebricks.wire.errors import NotImplementedByFakebricks


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


def test_it_tells_what_there_is(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE cards (id BIGINT NOT NULL, amount DECIMAL(10,2) COMMENT 'in euros')")
    workspace.sql("CREATE CATALOG prod")
    tables = workspace.sql("SELECT table_schema, table_name FROM main.information_schema.tables").to_pylist()
    assert tables == [{"table_schema": "default", "table_name": "cards"}]
    columns = workspace.sql(
        "SELECT c.column_name, c.full_data_type, c.is_nullable, c.comment FROM information_schema.columns c "
        "JOIN main.information_schema.tables t USING (table_name) WHERE t.table_owner = current_user() "
        "ORDER BY c.ordinal_position"
    )
    assert [tuple(row.values()) for row in columns.to_pylist()] == [
        ("id", "bigint", "NO", None),
        ("amount", "decimal(10,2)", "YES", "in euros"),
    ]
    assert workspace.sql("SELECT catalog_name FROM system.information_schema.catalogs").to_pydict() == {
        "catalog_name": ["main", "prod"]
    }
    schemata = workspace.sql("SELECT count(*) AS n FROM system.information_schema.schemata").to_pylist()
    assert schemata == [{"n": 4}]


def test_it_tells_only_what_one_may_see(workspace: Workspace) -> None:
    workspace.user("bob@acme.test")
    workspace.sql("CREATE TABLE cards (id BIGINT)")
    with workspace.acting_as("bob@acme.test"):
        assert workspace.sql("SELECT * FROM system.information_schema.tables").num_rows == 0
        with pytest.raises(SqlError, match="USE CATALOG"):
            workspace.sql("SELECT * FROM main.information_schema.tables")


def test_other_tables_are_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(NotImplementedByFakebricks, match="routines"):
        workspace.sql("SELECT * FROM information_schema.routines")


def test_the_usage_of_endpoints_is_a_table(workspace: Workspace) -> None:
    assert workspace.sql("SELECT * FROM system.serving.endpoint_usage").num_rows == 0


def test_many_readings_leave_few_views(workspace: Workspace) -> None:
    for _ in range(70):
        workspace.sql("SELECT * FROM information_schema.schemata")
    assert len(workspace._services[Spark]._views) == 64
