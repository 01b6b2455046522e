"""Tables over REST: real Delta tables, what is told of them, and who may read their rows."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from acting import As
from catalog_calls import (
    BOB,
    SCHEMAS,
    TABLES,
    UNITY_CATALOG,
    add_table,
    as_bob,
    create_table,
    grant,
    names,
    refused,
)
from conftest import Entered, Rest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.wire import Request
from fakebricks.wire.errors import DatabricksError

NAME = "main.default.payments"


def column(type_text: str, **more: Any) -> dict[str, Any]:
    return {"name": "a", "type_text": type_text, **more}


def test_a_table_is_created_told_listed_and_forgotten(rest: Rest):
    created = create_table(rest, "main.default.Payments", properties={"team": "risk"})
    assert (created["full_name"], created["table_type"], created["data_source_format"]) == (NAME, "MANAGED", "DELTA")
    assert (created["owner"], created["properties"]) == ("jane@acme.test", {"team": "risk"})
    assert created["columns"] == [
        {
            "name": "id",
            "type_name": "LONG",
            "type_text": "bigint",
            "type_json": '{"name":"id","type":"long","nullable":true,"metadata":{}}',
            "position": 0,
            "nullable": True,
        },
        {
            "name": "name",
            "type_name": "STRING",
            "type_text": "string",
            "type_json": '{"name":"name","type":"string","nullable":true,"metadata":{}}',
            "position": 1,
            "nullable": True,
        },
    ]
    assert rest.get(f"{TABLES}/main.default.PAYMENTS") == created
    listed = rest.get(TABLES, catalog_name="main", schema_name="default", omit_columns="true")
    assert [(one["name"], "columns" in one) for one in listed["tables"]] == [("payments", False)]
    rest.delete(f"{TABLES}/{NAME}")
    assert rest.get(TABLES, catalog_name="main", schema_name="default") == {}
    assert refused(lambda: rest.get(f"{TABLES}/{NAME}"))[:2] == (404, "TABLE_DOES_NOT_EXIST")


def test_it_is_an_empty_delta_table_that_any_writer_writes_to(rest: Rest):
    created = create_table(rest, NAME)
    assert rest.workspace.table(NAME).num_rows == 0
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", "b"]})
    write_deltalake(created["storage_location"], rows, mode="append")
    assert rest.workspace.table(NAME).sort_by("id").to_pylist() == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


def test_its_files_are_below_the_storage_root_of_its_schema_or_catalog(rest: Rest):
    rest.post(f"{UNITY_CATALOG}/catalogs", name="rooted", storage_root="s3://acme/prod/../../etc")
    schema = rest.post(SCHEMAS, catalog_name="rooted", name="own", storage_root="s3://acme/own")
    for name, managed in (
        (NAME, f"__unitystorage/catalogs/{rest.get(f'{UNITY_CATALOG}/catalogs/main')['id']}"),
        ("rooted.default.t", "s3_/acme/prod/etc/__unitystorage/catalogs"),
        ("rooted.own.t", f"s3_/acme/own/__unitystorage/schemas/{schema['schema_id']}"),
    ):
        table = create_table(rest, name)
        location = Path(table["storage_location"])
        assert location.is_relative_to(rest.workspace._scratch.directory("tables"))
        assert managed in str(location)
        assert location.parts[-2:] == ("tables", table["table_id"])


def test_a_change_data_feed_is_kept_where_the_properties_ask_for_one(rest: Rest):
    asked = {"delta.enableChangeDataFeed": "TRUE", "delta.other": "x"}
    created = create_table(rest, NAME, properties=asked)
    assert created["properties"] == asked
    kept = DeltaTable(created["storage_location"]).metadata().configuration
    assert kept == {"delta.enableChangeDataFeed": "true"}
    wrong = {"delta.enableChangeDataFeed": "maybe"}
    before = rest.workspace.snapshot()
    assert refused(lambda: create_table(rest, "main.default.t", properties=wrong))[:2] == (
        400,
        "INVALID_PARAMETER_VALUE",
    )
    assert rest.workspace.snapshot() == before


@pytest.mark.parametrize(
    ("type_text", "type_name", "told", "arrow"),
    [
        ("boolean", "BOOLEAN", "boolean", pa.bool_()),
        ("TINYINT", "BYTE", "tinyint", pa.int8()),
        ("smallint", "SHORT", "smallint", pa.int16()),
        ("integer", "INT", "int", pa.int32()),
        ("long", "LONG", "bigint", pa.int64()),
        ("float", "FLOAT", "float", pa.float32()),
        ("double", "DOUBLE", "double", pa.float64()),
        ("date", "DATE", "date", pa.date32()),
        ("timestamp", "TIMESTAMP", "timestamp", pa.timestamp("us", tz="UTC")),
        ("timestamp_ntz", "TIMESTAMP_NTZ", "timestamp_ntz", pa.timestamp("us")),
        ("string", "STRING", "string", pa.string()),
        ("binary", "BINARY", "binary", pa.binary()),
        ("decimal", "DECIMAL", "decimal(10,0)", pa.decimal128(10, 0)),
        ("decimal( 12 , 2 )", "DECIMAL", "decimal(12,2)", pa.decimal128(12, 2)),
        ("array<int>", "ARRAY", "array<int>", pa.list_(pa.int32())),
        (
            "map<string, array<double>>",
            "MAP",
            "map<string,array<double>>",
            pa.map_(pa.string(), pa.list_(pa.float64())),
        ),
        (
            "struct<a: int, `b c`: string NOT NULL>",
            "STRUCT",
            "struct<a:int,`b c`:string NOT NULL>",
            pa.struct([pa.field("a", pa.int32()), pa.field("b c", pa.string(), nullable=False)]),
        ),
    ],
)
def test_every_type_that_delta_stores(rest: Rest, type_text: str, type_name: str, told: str, arrow: pa.DataType):
    created = create_table(rest, NAME, {"name": "key", "type_text": "int"}, column(type_text, nullable=False))
    found = created["columns"][1]
    assert (found["type_name"], found["type_text"], found["nullable"]) == (type_name, told, False)
    # What is told can be given again.
    create_table(rest, "main.default.copy", created["columns"][0], found)
    field = rest.workspace.table("main.default.copy").schema.field("a")
    assert _plain(field.type) == _plain(arrow)
    assert not field.nullable


def _plain(kind: pa.DataType) -> str:
    """A type without what Delta readers choose: the names of inner fields."""
    return str(kind).replace("element:", "item:").replace("key_value", "entries")


def test_a_type_may_be_given_by_its_name_alone_where_that_says_it_all(rest: Rest):
    created = create_table(
        rest,
        NAME,
        {"name": "a", "type_name": "LONG"},
        {"name": "b", "type_name": "DECIMAL", "type_precision": 5, "type_scale": 2},
        {"name": "c", "type_text": "int", "type_json": '"integer"', "comment": "counted"},
    )
    assert [one["type_text"] for one in created["columns"]] == ["bigint", "decimal(5,2)", "int"]
    assert (created["columns"][1]["type_precision"], created["columns"][1]["type_scale"]) == (5, 2)
    assert created["columns"][2]["comment"] == "counted"
    fields = {one.name: one for one in DeltaTable(created["storage_location"]).schema().fields}
    assert fields["c"].metadata == {"comment": "counted"}


def test_columns_stand_where_their_positions_say_and_may_partition(rest: Rest):
    created = create_table(
        rest,
        NAME,
        {"name": "second", "type_text": "int", "position": 1, "partition_index": 1},
        {"name": "first", "type_text": "date", "position": 0, "partition_index": 0},
        {"name": "third", "type_text": "int", "position": 2},
    )
    assert [(one["name"], one["position"]) for one in created["columns"]] == [
        ("first", 0),
        ("second", 1),
        ("third", 2),
    ]
    assert DeltaTable(created["storage_location"]).metadata().partition_columns == ["first", "second"]


@pytest.mark.parametrize(
    "columns",
    [
        [column("integer!")],
        [column("")],
        [column("array<int")],
        [column("array<int>>")],
        [column("array<>")],
        [column("map<int>")],
        [column("struct<>")],
        [column("struct<a:int,A:int>")],
        [column("decimal(39,0)")],
        [column("decimal(0,0)")],
        [column("decimal(3,4)")],
        [column("decimal(999999999999999999999999)")],
        [column("array<" * 500 + "int" + ">" * 500)],
        [column("int", type_name="LONG")],
        [column("int", type_json='"long"')],
        [column("int", type_json="{")],
        [column("int", type_json="[" * 5000)],
        [{"name": "a"}],
        [{"name": "a", "type_name": "ARRAY"}],
        [{"type_text": "int"}],
        [{"name": "", "type_text": "int"}],
        [{"name": "a b", "type_text": "int"}],
        [column("int"), {"name": "A", "type_text": "int"}],
        [column("int", position=3)],
        [column("int", partition_index=0)],
        [column("int", partition_index=1), {"name": "b", "type_text": "int"}],
        [column("array<int>", partition_index=0), {"name": "b", "type_text": "int"}],
    ],
)
def test_columns_that_contradict_themselves_are_refused_and_leave_nothing(rest: Rest, columns: list[dict[str, Any]]):
    before = rest.workspace.snapshot()
    assert refused(lambda: create_table(rest, NAME, *columns))[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert rest.workspace.snapshot() == before


def test_a_table_without_columns_is_refused(rest: Rest):
    asked = {"table_type": "MANAGED", "data_source_format": "DELTA"}
    status, code, _ = refused(lambda: rest.post(TABLES, name="t", catalog_name="main", schema_name="default", **asked))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "more",
    [
        {"table_type": "EXTERNAL", "storage_location": "s3://bucket/t"},
        {"table_type": "EXTERNAL", "storage_location": "/etc"},
        {"table_type": "VIEW"},
        {"table_type": "FOREIGN"},
        {"data_source_format": "CSV"},
        {"columns": [column("variant")]},
        {"columns": [column("varchar(10)")]},
        {"columns": [column("struct<a:int COMMENT 'x'>")]},
        {"columns": [column("int", mask={"function_name": "f"})]},
    ],
)
def test_what_is_not_computed_is_refused_by_name(rest: Rest, more: dict[str, Any]):
    before = rest.workspace.snapshot()
    assert refused(lambda: create_table(rest, NAME, **more))[0] == 501
    assert rest.workspace.snapshot() == before


def test_where_a_managed_table_is_is_not_the_clients_to_say(rest: Rest):
    assert refused(lambda: create_table(rest, NAME, storage_location="/tmp/mine")) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "CreateTable storage_location can not be provided.",
    )


def test_a_refused_table_leaves_no_files(rest: Rest):
    created = create_table(rest, NAME)
    directory = Path(created["storage_location"]).parent
    assert refused(lambda: create_table(rest, NAME))[:2] == (400, "TABLE_ALREADY_EXISTS")
    assert refused(lambda: create_table(rest, "main.nope.t"))[:2] == (404, "SCHEMA_DOES_NOT_EXIST")
    assert refused(lambda: create_table(rest, "main.information_schema.t"))[0] in (400, 403)
    assert len(list(directory.iterdir())) == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\x00b", "x" * 256])
def test_an_invalid_name_is_refused(rest: Rest, name: str):
    asked = {"table_type": "MANAGED", "data_source_format": "DELTA", "columns": [column("int")]}
    where = {"catalog_name": "main", "schema_name": "default"}
    assert refused(lambda: rest.post(TABLES, name=name, **where, **asked))[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_without_deltalake_it_says_what_to_install(rest: Rest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fakebricks.services.unity_catalog.delta.find_spec", lambda name: None)
    status, _, message = refused(lambda: create_table(rest, NAME))
    assert status == 501
    assert "pip install 'fakebricks[tables]'" in message


def test_of_many_who_create_one_table_at_once_one_does(rest: Rest):
    workspace = rest.workspace
    asked = {
        "name": "t",
        "catalog_name": "main",
        "schema_name": "default",
        "table_type": "MANAGED",
        "data_source_format": "DELTA",
        "columns": [column("int")],
    }
    request = Request.of("POST", TABLES, {"authorization": f"Bearer {workspace.token}"}, json.dumps(asked).encode())
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(workspace.handle, [request] * 8))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 7
    [created] = [reply.json() for reply in replies if reply.status == 200]
    assert [one.name for one in Path(created["storage_location"]).parent.iterdir()] == [
        Path(created["storage_location"]).name
    ]
    assert workspace.table("main.default.t").num_rows == 0


_columns = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "B", "_x", "a.b", "ä", "`"]) | st.text(min_size=1, max_size=5)},
        optional={
            "type_text": st.sampled_from(["int", "binary", "decimal(3,1)", "timestamp", "array<int>", "void", "x"]),
            "type_name": st.sampled_from(["INT", "LONG", "BOGUS"]),
            "type_json": st.sampled_from(['"integer"', "{", "null", '{"name":"a","type":"integer"}']),
            "position": st.integers(-1, 2),
            "partition_index": st.integers(-1, 2),
            "type_precision": st.integers(-1, 40),
            "type_scale": st.integers(-1, 40),
            "nullable": st.booleans(),
            "comment": st.text(max_size=3),
        },
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(_columns)
def test_whatever_columns_are_asked_for_there_is_a_table_or_a_refusal(columns: list[dict[str, Any]]):
    with closing(Workspace()) as workspace:
        rest = Rest(workspace)
        before = workspace.snapshot()
        asked = {"table_type": "MANAGED", "data_source_format": "DELTA", "columns": columns}
        body = json.dumps({"name": "t", "catalog_name": "main", "schema_name": "default", **asked}).encode()
        reply = rest.call("POST", TABLES, body)
        assert reply.status in (200, 400, 501), reply.body
        if reply.status == 200:
            assert workspace.table("main.default.t").schema.names == [one["name"] for one in reply.json()["columns"]]
        else:
            assert workspace.snapshot() == before


def test_only_the_owner_can_be_changed(rest: Rest):
    rest.workspace.user(BOB)
    create_table(rest, NAME)
    rest.patch(f"{TABLES}/{NAME}", owner=BOB)
    assert rest.get(f"{TABLES}/{NAME}")["owner"] == BOB
    assert refused(lambda: rest.patch(f"{TABLES}/{NAME}", comment="x"))[0] == 400
    assert refused(lambda: rest.patch(f"{TABLES}/{NAME}", owner="nobody@acme.test"))[0] == 404


def test_a_restored_snapshot_brings_rows_and_dropped_tables_back(rest: Rest):
    location = create_table(rest, NAME, {"name": "id", "type_text": "bigint"})["storage_location"]
    one = pa.table({"id": pa.array([1], pa.int64())})
    write_deltalake(location, one, mode="append")
    snapshot = rest.workspace.snapshot()
    write_deltalake(location, one, mode="append")
    rest.delete(f"{TABLES}/{NAME}")
    rest.workspace.restore(snapshot)
    assert rest.workspace.table(NAME).to_pylist() == [{"id": 1}]


# Lists


def test_tables_are_listed_in_pages(rest: Rest):
    for name in ("b", "c", "a"):
        add_table(rest.workspace, f"main.default.{name}")
    where = {"catalog_name": "main", "schema_name": "default"}
    first = rest.get(TABLES, **where, max_results=2)
    assert [one["name"] for one in first["tables"]] == ["a", "b"]
    assert names(rest, TABLES, "tables", **where, page_token=first["next_page_token"]) == ["c"]
    assert names(rest, TABLES, "tables", **where, max_results=0) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ({}, ["default.pay", "default.users", "ml.pay_2"]),
        ({"schema_name_pattern": "ml"}, ["ml.pay_2"]),
        ({"schema_name_pattern": "%"}, ["default.pay", "default.users", "ml.pay_2"]),
        ({"table_name_pattern": "PAY%"}, ["default.pay", "ml.pay_2"]),
        ({"table_name_pattern": "us_rs"}, ["default.users"]),
        ({"table_name_pattern": "pay.*"}, []),
        ({"schema_name_pattern": "d%t", "table_name_pattern": "%s"}, ["default.users"]),
    ],
)
def test_summaries_of_the_tables_of_a_catalog(rest: Rest, patterns: dict[str, str], found: list[str]):
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    for name in ("default.users", "default.pay", "ml.pay_2"):
        add_table(rest.workspace, f"main.{name}")
    summaries = f"{UNITY_CATALOG}/table-summaries"
    told = rest.get(summaries, catalog_name="main", **patterns).get("tables", [])
    assert [one["full_name"] for one in told] == [f"main.{name}" for name in found]
    paged: list[str] = []
    token = ""
    while True:
        page = rest.get(summaries, catalog_name="main", **patterns, max_results=1, page_token=token)
        paged += [one["full_name"] for one in page.get("tables", [])]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert paged == [one["full_name"] for one in told]


# Who may


def test_creating_takes_create_table_on_the_schema(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    assert refused(lambda: create_table(bob, NAME)) == (
        403,
        "PERMISSION_DENIED",
        "User does not have CREATE TABLE on Schema 'main.default'.",
    )
    grant(rest, "schema", "main.default", "CREATE_TABLE")
    assert create_table(bob, NAME)["owner"] == BOB


def test_who_acts_reads_only_what_they_may(entered: Entered):
    with entered() as workspace:
        rest = Rest(workspace)
        workspace.user(BOB)
        create_table(rest, NAME)
        with workspace.acting_as(BOB):
            with pytest.raises(DatabricksError, match="User does not have USE CATALOG on Catalog 'main'."):
                workspace.table(NAME)
            grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
            with pytest.raises(DatabricksError, match=f"User does not have SELECT on Table '{NAME}'."):
                workspace.table(NAME)
            grant(rest, "table", NAME, "SELECT")
            assert workspace.table(NAME).num_rows == 0
        assert workspace.table(NAME).num_rows == 0


def test_the_test_itself_sees_every_table(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE")
    create_table(bob, NAME)
    assert rest.workspace.table(NAME).num_rows == 0


def test_the_admin_plane_reads_for_admins_and_for_who_may(rest: Rest):
    bob = as_bob(rest)
    create_table(rest, NAME)
    path = f"/_fakebricks/tables/{NAME}"
    assert refused(lambda: bob.get(path))[:2] == (403, "PERMISSION_DENIED")
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA", "SELECT")
    for one in (rest, bob):
        reply = one.call("GET", path)
        assert pa.ipc.open_stream(io.BytesIO(reply.body)).read_all().schema.names == ["id", "name"]


def test_an_owner_of_the_catalog_may_see_a_table_and_not_read_it(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE")
    create_table(bob, NAME)
    assert rest.get(f"{TABLES}/{NAME}")["owner"] == BOB
    eve = As(rest, "eve@acme.test")
    rest.patch(f"{UNITY_CATALOG}/catalogs/main", owner="eve@acme.test")
    assert eve.get(f"{TABLES}/{NAME}")["owner"] == BOB
    assert refused(lambda: eve.get(f"/_fakebricks/tables/{NAME}"))[0] == 403


def test_dates_that_are_written_come_back(rest: Rest):
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    location = create_table(rest, NAME, column("timestamp"))["storage_location"]
    write_deltalake(location, pa.table({"a": pa.array([now], pa.timestamp("us", tz="UTC"))}), mode="append")
    assert rest.workspace.table(NAME).to_pylist() == [{"a": now}]
