"""Inference tables: what logging a request costs, a week of traffic, and reading what was logged."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from deltalake import DeltaTable

from fakebricks import Workspace, fake_workspace, unpack
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.inference_tables.records import Payload
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire import Request
from tests.benchmarks.measure import Row, medians, show
from tests.benchmarks.serving import deployed

ROUNDS, PER_ROUND = 150, 4
LOGGED = 100_000

_TABLE = "prod.default.bench_payload"
_PLACE = {"catalog_name": "prod", "schema_name": "default"}


def rows() -> None:
    """Two tables: requests with and without an inference table, and large tables."""
    with fake_workspace(catalogs=("prod",)) as workspace:
        frame, _ = deployed()
        show("A query with an inference table beside one without", list(_overhead(workspace, frame)), theirs="without")
        show("A week of traffic", list(_week(workspace, frame)), theirs="")
    show(f"An inference table of {LOGGED:,} rows", list(_large()), theirs="")


def _overhead(workspace: Workspace, frame: Any) -> Iterator[Row]:
    import msgspec

    headers = {"authorization": f"Bearer {workspace.token}", "content-type": "application/json"}
    for size in (1, 100):
        body = msgspec.json.encode({"dataframe_split": frame.head(size).to_dict(orient="split", index=False)})
        request = Request.of("POST", "/serving-endpoints/bench/invocations", headers, body)

        def ask(enabled: bool, request: Request = request) -> list[float]:
            capture(workspace, enabled=enabled)
            workspace.handle(request)
            seconds = []
            for _ in range(PER_ROUND):
                began = time.perf_counter()
                workspace.handle(request)
                seconds.append(time.perf_counter() - began)
            return seconds

        with_table, without = [], []
        for _ in range(ROUNDS):
            with_table += ask(True)
            without += ask(False)
        ours, theirs = (sorted(one)[len(one) // 2] * 1e3 for one in (with_table, without))
        yield Row(
            f"query of {size} rows", ours, theirs, "ms", f"{(ours / theirs - 1) * 100:+.1f} %; at most 5 % is the aim"
        )
    workspace.clock.advance(hours=1)
    count = workspace.table(_TABLE).num_rows
    commits = DeltaTable(workspace._services[Tables].require(_TABLE).storage_location).version()
    yield Row(f"commits for {count} requests", commits, None, "")


def capture(workspace: Workspace, *, enabled: bool) -> None:
    """Enable the endpoint's inference table, or disable it."""
    import msgspec

    headers = {"authorization": f"Bearer {workspace.token}", "content-type": "application/json"}
    body = msgspec.json.encode({"inference_table_config": {**_PLACE, "enabled": enabled}})
    reply = workspace.handle(Request.of("PUT", "/api/2.0/serving-endpoints/bench/ai-gateway", headers, body))
    if reply.status != 200:
        raise RuntimeError(reply.body)


def _week(workspace: Workspace, frame: Any) -> Iterator[Row]:
    capture(workspace, enabled=True)
    for count, size in ((168, 1), (10_080, 60)):
        sample = frame.sample(count, replace=True, random_state=0)
        seconds = medians(
            {
                "replay": lambda sample=sample, size=size: workspace.replay(
                    "bench", sample, over=timedelta(days=7), rows_per_request=size, check=True
                )
            },
            rounds=3,
        )
        yield Row(f"{count:,} rows in {count // size} requests over 7 days", seconds["replay"], None, "s")


def _large() -> Iterator[Row]:
    """Rows that were logged without a model, since scoring is measured elsewhere."""
    with fake_workspace(catalogs=("prod",)) as workspace:
        tables = workspace._services[InferenceTables]
        tables.create("prod", "default", "bench", endpoint_id="e", owner=workspace.user_name, legacy=False)
        began = time.perf_counter()
        for number in range(LOGGED):
            tables.log(_TABLE, _payload(workspace, number))
        yield Row("logging one request", (time.perf_counter() - began) / LOGGED * 1e6, None, "µs")
        workspace.clock.advance(hours=1)
        gc.collect()
        began = time.perf_counter()
        table = workspace.table(_TABLE)
        yield Row("writing them, and reading them all", time.perf_counter() - began, None, "s")
        commits = DeltaTable(workspace._services[Tables].require(_TABLE).storage_location).version()
        yield Row("commits", commits, None, "")
        inputs = [{"type": "double", "name": name} for name in _COLUMNS]
        began = time.perf_counter()
        unpack(table, {"inputs": inputs, "outputs": [{"type": "double"}]})
        yield Row(f"unpacking them into {len(_COLUMNS)} features", time.perf_counter() - began, None, "s")


_COLUMNS = tuple(f"feature_{number}" for number in range(10))


def _payload(workspace: Workspace, number: int) -> Payload:
    import msgspec

    split = {"columns": _COLUMNS, "data": [[number / 3 + place for place in range(len(_COLUMNS))]]}
    return Payload(
        databricks_request_id=f"{number:036}",
        client_request_id=None,
        time=workspace.clock.time(),
        status_code=200,
        execution_ms=4,
        request=msgspec.json.encode({"dataframe_split": split}).decode(),
        response='{"predictions": [1.0]}',
        logging_error_codes=(),
        requester="1",
        endpoint_name="bench",
        served_entity_id="s",
        model_name="prod.default.bench",
        model_version="1",
    )
