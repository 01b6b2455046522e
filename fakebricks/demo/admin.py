"""What the story asks of fakebricks itself: its clock, its call log and its tables. The rest goes through clients."""

from __future__ import annotations

import io
import os
from typing import Any

import requests

_PATIENCE = 60


class Admin:
    """The admin plane of the workspace that the environment variables name."""

    def clock(self) -> float:
        """The simulated time, in seconds since the epoch."""
        return float(self._call("GET", "clock").json()["time"])

    def advance(self, *, minutes: float) -> None:
        """Let simulated time pass."""
        self._call("POST", "clock/advance", json={"minutes": minutes})

    def calls(self, matching: str) -> list[dict[str, Any]]:
        """The call log, oldest first."""
        calls: list[dict[str, Any]] = self._call("GET", "calls", params={"matching": matching}).json()["calls"]
        return calls

    def table(self, full_name: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        import pyarrow as pa

        content = self._call("GET", f"tables/{full_name}").content
        rows: list[dict[str, Any]] = pa.ipc.open_stream(io.BytesIO(content)).read_all().to_pylist()
        return rows

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
        url = f"{os.environ['DATABRICKS_HOST'].rstrip('/')}/_fakebricks/{path}"
        response = requests.request(method, url, headers=headers, timeout=_PATIENCE, **options)
        response.raise_for_status()
        return response
