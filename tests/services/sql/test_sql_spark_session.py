"""workspace.spark: Spark code on the workspace's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.wire.errors import NotImplementedByFakebricks


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


def test_tables_statements_and_data_frames(workspace: Workspace) -> None:
    spark = workspace.spark
    made = spark.sql("CREATE TABLE main.default.cards AS SELECT id, id * 10 AS amount FROM range(5)")
    assert made.collect()[0].asDict() == {"num_affected_rows": 5, "num_inserted_rows": 5}
    assert spark.table("main.default.cards").where("amount >= 20").count() == 3
    assert spark.read.table("cards").groupBy().sum("amount").collect()[0][0] == 100
    assert spark.sql("SELECT id FROM cards WHERE id > :least", args={"least": 3}).collect()[0].id == 4
    assert spark.sql("SELECT id FROM cards WHERE id > ? AND id < ?", args=[1, 3]).collect()[0].id == 2
    assert spark.range(3).count() == 3


def test_a_data_frame_goes_into_a_table_by_a_view(workspace: Workspace) -> None:
    spark = workspace.spark
    spark.createDataFrame([(1, "a"), (2, "b")], "id INT, label STRING").createOrReplaceTempView("fresh")
    spark.sql("CREATE TABLE main.default.labels AS SELECT * FROM fresh")
    assert workspace.table("main.default.labels").num_rows == 2
    with pytest.raises(SqlError, match="TABLE_OR_VIEW_NOT_FOUND"):
        workspace.sql("SELECT * FROM fresh")


def test_use_lasts(workspace: Workspace) -> None:
    spark = workspace.spark
    spark.sql("CREATE SCHEMA main.fraud")
    assert spark.sql("USE main.fraud").collect() == []
    spark.sql("CREATE TABLE cards (id INT)")
    assert [row.tableName for row in spark.sql("SHOW TABLES").collect()] == ["cards"]
    assert spark.table("main.fraud.cards").columns == ["id"]


def test_the_person_who_acts_may_read_what_they_may(workspace: Workspace) -> None:
    workspace.user("bob@acme.test")
    workspace.sql("CREATE TABLE cards (id INT)")
    with workspace.acting_as("bob@acme.test"), pytest.raises(SqlError, match="INSUFFICIENT_PERMISSIONS"):
        workspace.spark.table("main.default.cards")


@pytest.mark.parametrize("attribute", ["catalog", "readStream"])
def test_what_would_show_the_engines_own_tables_is_refused(workspace: Workspace, attribute: str) -> None:
    with pytest.raises(NotImplementedByFakebricks):
        getattr(workspace.spark, attribute)
