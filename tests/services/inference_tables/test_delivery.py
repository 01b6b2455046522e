"""How rows come into an inference table: in few commits, each once, whatever happens meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from typing import Any

import boto3
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace, fake_workspace
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.inference_tables.records import Payload
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.errors import TableDoesNotExist

NAME = "main.default.fraud_payload"


def make(workspace: Workspace, catalog: str = "main", *, legacy: bool = False) -> None:
    tables = workspace._services[InferenceTables]
    tables.create(catalog, "default", "fraud", endpoint_id="e", owner=workspace.user_name, legacy=legacy)


def log(workspace: Workspace, *ids: str, name: str = NAME, sampling_fraction: float = 1.0) -> None:
    for one in ids:
        payload = Payload(
            databricks_request_id=one,
            client_request_id=None,
            time=workspace.clock.time(),
            status_code=200,
            execution_ms=3,
            request="{}",
            response="{}",
            logging_error_codes=(),
            requester="1",
            endpoint_name="fraud",
            served_entity_id="s",
            model_name="m",
            model_version="1",
            sampling_fraction=sampling_fraction,
        )
        workspace._services[InferenceTables].log(name, payload)


def ids(workspace: Workspace, name: str = NAME) -> list[str]:
    workspace.clock.advance(hours=1)
    return workspace.table(name)["databricks_request_id"].to_pylist()


def files(workspace: Workspace, name: str = NAME) -> DeltaTable:
    return DeltaTable(workspace._services[Tables].require(name).storage_location)


@pytest.fixture(params=[False, True], ids=["gateway", "legacy"])
def made(workspace: Workspace, request: pytest.FixtureRequest) -> Workspace:
    make(workspace, legacy=request.param)
    return workspace


def test_a_thousand_requests_cost_one_commit(made: Workspace):
    sent = [f"{number:04}" for number in range(1000)]
    log(made, *sent)
    assert ids(made) == sent
    assert files(made).version() == 1
    assert ids(made) == sent
    assert files(made).version() == 1, "nothing new costs nothing"


def test_many_rows_are_written_in_several_commits(made: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fakebricks.services.inference_tables.inference_tables._LARGEST_BATCH", 40)
    sent = [f"{number:04}" for number in range(100)]
    log(made, *sent)
    assert sorted(ids(made)) == sent
    assert files(made).version() == 3


@pytest.mark.parametrize("before", [True, False], ids=["before the commit", "after it"])
def test_who_is_interrupted_while_writing_loses_no_row_and_doubles_none(
    made: Workspace, monkeypatch: pytest.MonkeyPatch, before: bool
):
    append = Delta.append

    def interrupted(self: Delta, rows: list[Any]) -> None:
        if not before:
            append(self, rows)
        raise KeyboardInterrupt

    log(made, "a", "b")
    with monkeypatch.context() as patched:
        patched.setattr(Delta, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ids(made)
    log(made, "c")
    assert ids(made) == ["a", "b", "c"]
    assert ids(made) == ["a", "b", "c"]


def test_an_interrupted_write_is_part_of_a_snapshot(made: Workspace, monkeypatch: pytest.MonkeyPatch):
    def interrupted(self: Delta, rows: list[Any]) -> None:
        raise KeyboardInterrupt

    log(made, "a")
    with monkeypatch.context() as patched:
        patched.setattr(Delta, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ids(made)
    snapshot = made.snapshot()
    for _ in range(2):
        assert ids(made) == ["a"]
        made.restore(snapshot)


def test_readers_and_requests_at_once(workspace: Workspace):
    make(workspace)
    sent = [[f"{thread}-{number}" for number in range(50)] for thread in range(3)]
    seen: list[int] = []

    def write(mine: list[str]) -> None:
        for one in mine:
            log(workspace, one)
            workspace.clock.advance(seconds=20)

    def read() -> None:
        seen.extend(workspace.table(NAME).num_rows for _ in range(5))

    threads = [threading.Thread(target=write, args=(mine,)) for mine in sent]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Counter(ids(workspace))
    assert found == Counter(one for mine in sent for one in mine)
    assert max(seen) <= 150


def test_others_write_to_the_same_table_at_once(workspace: Workspace):
    make(workspace)
    ids(workspace)
    location = workspace._services[Tables].require(NAME).storage_location
    schema = files(workspace).to_pyarrow_table().schema
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            one = f"other-{len(written)}"
            write_deltalake(location, pa.Table.from_pylist([{"databricks_request_id": one}], schema), mode="append")
            written.append(one)

    other = threading.Thread(target=write)
    other.start()
    for number in range(6):
        log(workspace, f"mine-{number}")
        ids(workspace)
    stop.set()
    other.join()
    expected = [f"mine-{number}" for number in range(6)] + written
    assert sorted(ids(workspace)) == sorted(expected)


def test_a_lost_race_is_run_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    import deltalake
    from deltalake.exceptions import CommitFailedError

    real, lost = deltalake.write_deltalake, [CommitFailedError("somebody was faster")] * 3

    def contended(*args: Any, **kwargs: Any) -> None:
        if lost:
            raise lost.pop()
        real(*args, **kwargs)

    make(workspace)
    log(workspace, "a")
    monkeypatch.setattr("deltalake.write_deltalake", contended)
    assert ids(workspace) == ["a"]
    assert not lost


def test_rows_wait_where_somebody_has_changed_the_columns(workspace: Workspace):
    make(workspace)
    log(workspace, "a")
    assert ids(workspace) == ["a"]
    tables, before = workspace._services[InferenceTables], files(workspace).version()
    location = workspace._services[Tables].require(NAME).storage_location
    extra = pa.table({"databricks_request_id": ["x"], "mine": [1]})
    write_deltalake(location, extra, mode="append", schema_mode="merge")
    log(workspace, "b")
    assert sorted(ids(workspace)) == ["a", "x"]
    assert "changed by hand: mine" in tables.trouble(NAME)
    files(workspace).restore(before)
    assert ids(workspace) == ["a", "b"]
    assert tables.trouble(NAME) is None


def test_a_table_that_is_dropped_and_made_again_has_none_of_the_old_rows(workspace: Workspace):
    make(workspace)
    log(workspace, "a")
    workspace._services[Tables].delete(NAME)
    assert workspace._services[InferenceTables].trouble(NAME).endswith("nothing is logged to it.")
    log(workspace, "lost")
    make(workspace)
    log(workspace, "b")
    assert ids(workspace) == ["b"]


def test_a_table_that_is_dropped_while_rows_are_written_breaks_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    append = Delta.append

    def dropped_before(self: Delta, rows: list[Any]) -> None:
        workspace._services[Tables].delete(NAME)
        append(self, rows)

    make(workspace)
    log(workspace, "a")
    with monkeypatch.context() as patched:
        patched.setattr(Delta, "append", dropped_before)
        with pytest.raises(TableDoesNotExist):
            ids(workspace)
    make(workspace)
    log(workspace, "b")
    assert ids(workspace) == ["b"]


def test_files_that_are_removed_are_made_again_with_the_rows_that_come(workspace: Workspace):
    make(workspace)
    log(workspace, "a")
    ids(workspace)
    shutil.rmtree(workspace._services[Tables].require(NAME).storage_location)
    log(workspace, "b")
    assert ids(workspace) == ["b"]


def test_its_files_have_the_change_data_feed(workspace: Workspace):
    make(workspace)
    log(workspace, "a")
    ids(workspace)
    table = files(workspace)
    assert table.metadata().configuration["delta.enableChangeDataFeed"] == "true"
    table.delete("databricks_request_id = 'a'")
    changes = pa.table(files(workspace).load_cdf(starting_version=1).read_all())
    assert sorted(changes["_change_type"].to_pylist()) == ["delete", "insert"]


def test_its_properties_and_clustering_are_told(rest, workspace: Workspace):
    make(workspace)
    properties = rest.get(f"/api/2.1/unity-catalog/tables/{NAME}")["properties"]
    assert properties["clusteringColumns"] == '[["request_date"]]'
    assert properties["delta.enableRowTracking"] == "true"


def test_an_inference_table_in_a_bucket():
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    name = "acme.default.fraud_payload"
    with fake_workspace(storage="s3") as workspace:
        boto3.client("s3", region_name="us-east-1", **keys).create_bucket(Bucket="acme")
        workspace._services[UnityCatalog].create_catalog("acme", workspace.user_name, storage_root="s3://acme/prod")
        make(workspace, catalog="acme")
        log(workspace, "a", "b", name=name)
        assert ids(workspace, name) == ["a", "b"]
        log(workspace, "c", name=name)
        assert ids(workspace, name) == ["a", "b", "c"]
        assert workspace._services[Tables].require(name).storage_location.startswith("s3://acme/prod/__unitystorage/")


@settings(max_examples=15)
@given(steps=st.lists(st.sampled_from(["log", "read", "wait", "snapshot", "restore", "interrupt"]), max_size=12))
def test_whatever_happens_each_acknowledged_row_is_there_once(steps: list[str]):
    workspace = Workspace()
    make(workspace)
    acknowledged: list[str] = []
    snapshot, then = workspace.snapshot(), 0
    for number, step in enumerate(steps):
        if step == "log":
            log(workspace, f"{number:02}")
            acknowledged.append(f"{number:02}")
        elif step == "read":
            workspace.table(NAME)
        elif step == "wait":
            workspace.clock.advance(minutes=7)
        elif step == "snapshot":
            snapshot, then = workspace.snapshot(), len(acknowledged)
        elif step == "restore":
            workspace.restore(snapshot)
            del acknowledged[then:]
        else:
            _interrupted_read(workspace, after=number % 2 == 0)
    assert ids(workspace) == acknowledged
    workspace.close()


def _interrupted_read(workspace: Workspace, *, after: bool) -> None:
    append = Delta.append

    def interrupted(self: Delta, rows: list[Any]) -> None:
        if after:
            append(self, rows)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Delta, "append", interrupted)
        try:
            workspace.table(NAME)
        except KeyboardInterrupt:
            return
