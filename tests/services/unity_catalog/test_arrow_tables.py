"""Tables made of Arrow's: `workspace.save_table`."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from catalog_calls import BOB, TABLES, refused
from conftest import Rest
from deltalake import DeltaTable

from fakebricks import Workspace, fake_workspace

NAME = "main.default.scored"
ROWS = pa.table(
    {
        "text": ["a", None],
        "large": pa.array(["x", "y"], pa.large_string()),
        "category": pa.array(["p", "q"]).dictionary_encode(),
        "number": [1.5, float("nan")],
        "half": pa.array(np.array([1, 2], np.float16)),
        "count": [1, 2],
        "small": pa.array([1, 255], pa.uint8()),
        "flag": [True, None],
        "at": pa.array([datetime(2026, 1, 2, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC")),
        "naive": pa.array([datetime(2026, 1, 2)] * 2, pa.timestamp("us")),
        "day": [date(2026, 1, 2), None],
        "raw": [b"x", None],
        "money": [decimal.Decimal("1.20"), None],
        "list": [[1.0], []],
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        "struct": [{"a": 1, "b c": "x"}, None],
    }
)


@pytest.fixture
def entered() -> Iterator[Workspace]:
    with fake_workspace() as workspace:
        yield workspace


def test_rows_of_every_type_come_back(workspace: Workspace):
    workspace.save_table(NAME, ROWS)
    found = workspace.table(NAME)
    assert found.drop(["number", "at"]).to_pylist() == ROWS.drop(["number", "at"]).to_pylist()
    assert found["number"][0].as_py() == 1.5
    assert found["at"].to_pylist() == [datetime(2026, 1, 2, tzinfo=UTC)] * 2
    told = Rest(workspace).get(f"{TABLES}/{NAME}")
    types = {one["name"]: one["type_text"] for one in told["columns"]}
    assert types["small"] == "smallint"
    assert (types["at"], types["naive"], types["money"]) == ("timestamp", "timestamp_ntz", "decimal(3,2)")
    assert types["struct"] == "struct<a:bigint,`b c`:string>"
    assert DeltaTable(told["storage_location"]).to_pyarrow_table().num_rows == 2


def test_more_rows_are_added_and_what_they_lack_is_null(workspace: Workspace):
    workspace.save_table(NAME, pa.table({"a": [1], "b": ["x"]}), append=True)
    workspace.save_table(NAME, pa.table({"b": ["y"]}), append=True)
    rows = workspace.table(NAME).sort_by("b").to_pylist()
    assert rows == [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]


def test_a_data_frame_of_pandas_is_rows_too(workspace: Workspace):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}, index=[7, 8])
    workspace.save_table(NAME, frame)
    workspace.save_table(NAME, frame[["b"]], append=True)
    assert workspace.table(NAME).column_names == ["a", "b", "c"]
    assert workspace.table(NAME)["b"].to_pylist().count("x") == 2


@pytest.mark.parametrize("rows", [None, [1], {"a": [1]}, pd.Series([1])])
def test_what_is_no_table_is_refused(workspace: Workspace, rows: Any):
    with pytest.raises(TypeError, match=rf"not of a {type(rows).__name__}"):
        workspace.save_table(NAME, rows)


def test_a_column_without_a_value_is_of_strings(workspace: Workspace):
    workspace.save_table(NAME, pa.table({"a": [None], "b": [1]}))
    assert workspace.table(NAME).schema.field("a").type == pa.string()


@pytest.mark.parametrize(
    ("name", "rows", "append", "message"),
    [
        (NAME, pa.table({"a": [1]}), False, "already exists"),
        (NAME, pa.table({"c": [1]}), True, "no column c; it has a"),
        (NAME, pa.table({"a": ["x"]}), True, "do not fit"),
        (NAME, pd.DataFrame([[1, 2]], columns=["a", "a"]), True, "do not fit"),
        ("main.nope.t", pa.table({"a": [1]}), False, "nope"),
        ("main.default.t", pa.table({"a": [time(1)]}), False, "no type for the column 'a'"),
        ("main.default.t", pa.table({"a b": [1]}), False, "a b"),
        ("main.default.t", pa.table({}), False, "at least one column"),
        ("t", pa.table({"a": [1]}), False, "t"),
    ],
)
def test_what_cannot_be_saved_changes_nothing(workspace: Workspace, name: str, rows: Any, append: bool, message: str):
    workspace.save_table(NAME, pa.table({"a": [1]}))
    before = workspace.snapshot()
    status, _, text = refused(lambda: workspace.save_table(name, rows, append=append))
    assert status in (400, 404, 409)
    assert message in text
    assert workspace.snapshot() == before
    assert workspace.table(NAME).num_rows == 1


def test_who_is_acting_needs_the_privileges_and_is_the_owner(entered: Workspace):
    entered.user(BOB)
    rest = Rest(entered)
    with entered.acting_as(BOB):
        assert refused(lambda: entered.save_table(NAME, pa.table({"a": [1]})))[1] == "PERMISSION_DENIED"
    grants = [{"principal": BOB, "add": ["USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE"]}]
    rest.patch("/api/2.1/unity-catalog/permissions/catalog/main", changes=grants)
    entered.save_table("main.default.mine", pa.table({"a": [1]}))
    with entered.acting_as(BOB):
        entered.save_table(NAME, pa.table({"a": [1]}))
        refusal = refused(lambda: entered.save_table("main.default.mine", pa.table({"a": [1]}), append=True))
        assert refusal[1] == "PERMISSION_DENIED"
    assert rest.get(f"{TABLES}/{NAME}")["owner"] == BOB
