"""One refresh of a monitor over so many rows, in a process of its own, as memory is measured too."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from contextlib import closing
from typing import Any

from deltalake import write_deltalake

from fakebricks import Workspace
from fakebricks.wire import Request
from tests.benchmarks.inference_rows import COLUMNS, requests
from tests.benchmarks.measure import resident

TABLE = "main.default.requests"
MONITOR = f"/api/2.1/unity-catalog/tables/{TABLE}/monitor"
LOG = {
    "problem_type": "PROBLEM_TYPE_CLASSIFICATION",
    "timestamp_col": "ts",
    "granularities": ["1 day"],
    "prediction_col": "prediction",
    "label_col": "label",
    "model_id_col": "model_version",
}


class Client:
    """Calls of a workspace's core."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"authorization": f"Bearer {self._workspace.token}"}
        content = json.dumps(body).encode() if body else b""
        reply = self._workspace.handle(Request.of(method, path, headers, content)).whole()
        if reply.status != 200:
            raise RuntimeError(reply.body)
        return reply.json()

    def table(self, name: str) -> str:
        """A new table; where its files are."""
        catalog, schema, short = name.split(".")
        columns = [{"name": one, "type_text": kind} for one, kind in COLUMNS.items()]
        described = {"name": short, "catalog_name": catalog, "schema_name": schema, "columns": columns}
        described |= {"table_type": "MANAGED", "data_source_format": "DELTA"}
        location: str = self.call("POST", "/api/2.1/unity-catalog/tables", **described)["storage_location"]
        return location


def main(count: int, url: str | None) -> None:
    """The seconds of a refresh, the next one's, and the megabytes that it took at most."""
    with closing(Workspace(spark=url)) as workspace:
        client = Client(workspace)
        # Whole days, so that there are as many windows however late it is.
        midnight = int(workspace.clock.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1e6)
        for name, rows, seed in ((TABLE, count, 0), ("main.default.training", count // 10, 1)):
            write_deltalake(client.table(name), requests(rows, midnight, seed), mode="append")
        client.call(
            "POST",
            MONITOR,
            assets_dir="/Workspace/monitors",
            output_schema_name="main.default",
            baseline_table_name="main.default.training",
            inference_log=LOG,
        )
        workspace.sql("SELECT 1")  # the engine has started
        import scipy.stats  # noqa: F401 - it has been imported

        before = resident(os.getpid()) / 1024
        first = _refresh(workspace, client)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = {"seconds": first, "again": _refresh(workspace, client), "peak": peak - before}
        sys.stdout.write(json.dumps(found) + "\n")


def _refresh(workspace: Workspace, client: Client) -> float:
    client.call("POST", f"{MONITOR}/refreshes")
    workspace.clock.advance(minutes=5)
    began = time.perf_counter()
    latest = client.call("GET", f"{MONITOR}/refreshes")["refreshes"][0]
    if latest["state"] != "SUCCESS":
        raise RuntimeError(latest)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
