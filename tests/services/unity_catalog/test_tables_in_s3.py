"""Tables in a bucket of the test's own: below the root of their catalog, for every client of S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pyarrow as pa
import pytest
from catalog_calls import CATALOGS, create_table, refused
from conftest import Rest
from deltalake import DeltaTable, write_deltalake

from fakebricks import Workspace, fake_workspace

NAME = "acme.default.payments"
ROWS = pa.table({"id": pa.array([1, 2], pa.int64()), "name": ["a", "b"]})


@pytest.fixture
def rest() -> Iterator[Rest]:
    with fake_workspace(storage="s3") as workspace:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        boto3.client("s3", region_name="us-east-1", **keys).create_bucket(Bucket="acme")
        rest = Rest(workspace)
        rest.post(CATALOGS, name="acme", storage_root="s3://acme/prod")
        yield rest


def objects() -> list[str]:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    found = boto3.client("s3", region_name="us-east-1", **keys).list_objects_v2(Bucket="acme")
    return [one["Key"] for one in found.get("Contents", [])]


def test_a_table_is_in_the_bucket_of_its_catalog(rest: Rest):
    catalog = rest.get(f"{CATALOGS}/acme")
    table = create_table(rest, NAME)
    assert table["storage_location"] == f"{catalog['storage_location']}/tables/{table['table_id']}"
    options = rest.workspace.storage_options(NAME)
    write_deltalake(table["storage_location"], ROWS, mode="append", storage_options=options)
    assert rest.workspace.table(NAME).to_pylist() == ROWS.to_pylist()
    assert DeltaTable(table["storage_location"], storage_options=options).version() == 1
    prefix = table["storage_location"].removeprefix("s3://acme/")
    assert [one for one in objects() if "_delta_log" in one] == [
        f"{prefix}/_delta_log/{version:020}.json" for version in range(2)
    ]


def test_snapshots_bring_its_rows_back(rest: Rest):
    workspace, table = rest.workspace, create_table(rest, NAME)
    options = workspace.storage_options(NAME)
    write_deltalake(table["storage_location"], ROWS, mode="append", storage_options=options)
    snapshot = workspace.snapshot()
    write_deltalake(table["storage_location"], ROWS, mode="append", storage_options=options)
    assert workspace.table(NAME).num_rows == 4
    for _ in range(2):
        workspace.restore(snapshot)
        assert workspace.table(NAME).num_rows == 2


def test_other_catalogs_stay_on_the_disk(rest: Rest):
    create_table(rest, "main.default.t")
    assert rest.workspace.storage_options("main.default.t") == {}
    assert objects() == []


def test_a_bucket_that_is_missing_is_said_so(rest: Rest):
    rest.post(CATALOGS, name="lost", storage_root="s3://nowhere/prod")
    before = rest.workspace.snapshot()
    status, code, message = refused(lambda: create_table(rest, "lost.default.t"))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'nowhere'" in message
    assert rest.workspace.snapshot() == before


def test_without_s3_no_server_is_started():
    workspace = Workspace()
    create_table(Rest(workspace), "main.default.t")
    assert workspace._socket_s3._server is None
    workspace.close()
