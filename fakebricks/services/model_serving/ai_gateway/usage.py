"""`system.serving.endpoint_usage`: who asked what of endpoints whose usage is tracked, and how many tokens it took.

Real: one row for each request that was answered, and for each that a rate limit refused (observed; that it names no
served entity is inferred), and none where tracking is not enabled (documented). Inferred: the types of the columns,
whose names are observed or documented. Simulated: token counts are the model's where it tells them, and else (text
length + 1) / 4, as the platform estimates them; rows are there at once, where the platform takes hours. The table is
read by `Workspace.table` alone: Unity Catalog has no catalog `system` here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.model_serving.ai_gateway.records import Usage
from fakebricks.services.unity_catalog import delta
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied

TABLE = "system.serving.endpoint_usage"


class UsageTable:
    """The usage of the endpoints of one workspace."""

    def __init__(self, state: State, identity: WorkspaceIdentity) -> None:
        self._state = state
        self._usage = state.table("serving_usage", Usage)
        self._identity = identity

    def add(self, usage: Usage) -> None:
        """One more row."""
        with self._state.transaction():
            self._usage.put((int(usage.request_time * 1_000_000), usage.databricks_request_id), usage)

    def read(self, reader: Caller | None = None) -> Any:
        """All rows as a `pyarrow.Table`, in the order of the requests.

        Args:
            reader: who reads them, or None for the test itself.

        Raises:
            PermissionDenied: the reader is no admin of the workspace (the text is that of another catalog).
            NotImplementedByFakebricks: pyarrow is not installed.
        """
        if reader is not None and not reader.is_admin:
            raise PermissionDenied("User does not have USE CATALOG on Catalog 'system'.")
        delta.require()
        import pyarrow as pa

        return pa.Table.from_pylist([self._row(usage) for _, usage in self._usage.scan()], _schema())

    def _row(self, usage: Usage) -> dict[str, Any]:
        columns = {name: getattr(usage, name) for name in usage.__struct_fields__}
        return columns | {
            "account_id": self._identity.account_id,
            "workspace_id": self._identity.workspace_id,
            "request_time": datetime.fromtimestamp(usage.request_time, UTC),
            "usage_context": list(usage.usage_context.items()),
        }


def _schema() -> Any:
    import pyarrow as pa

    counts = ("input_token_count", "output_token_count", "input_character_count", "output_character_count")
    return pa.schema(
        [
            *((name, pa.string()) for name in ("account_id", "workspace_id", "client_request_id")),
            ("databricks_request_id", pa.string()),
            ("requester", pa.string()),
            ("status_code", pa.int32()),
            ("request_time", pa.timestamp("us", tz="UTC")),
            *((name, pa.int64()) for name in counts),
            ("usage_context", pa.map_(pa.string(), pa.string())),
            ("request_streaming", pa.bool_()),
            ("served_entity_id", pa.string()),
        ]
    )
