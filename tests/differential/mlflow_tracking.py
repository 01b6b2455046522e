"""MLflow's own tracking server, asked as a workspace is asked: its handlers over its SqlAlchemyStore on SQLite.

One database serves all examples, emptied between them. The store's clock and chance are those of the workspace beside
it, so that both give the same times, ids and generated names.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import UUID

from mlflow.server import app, handlers
from mlflow.store.tracking import sqlalchemy_store
from sqlalchemy import text

_MEMORY = Path("/dev/shm")
_KEPT = {"alembic_version"}


class Borrowed:
    """The time, the ids and the names that the workspace has just given, for the store to give the same."""

    def __init__(self) -> None:
        self.millis = 0
        self.ids: list[str] = []
        self.names: list[str] = []

    def uuid4(self) -> UUID:
        import uuid

        return UUID(hex=self.ids.pop()) if self.ids else uuid.uuid4()

    def name(self) -> str:
        return self.names.pop()


class MlflowTracking:
    """MLflow's tracking server in this process."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)
        self.borrowed = Borrowed()
        self.store = sqlalchemy_store.SqlAlchemyStore(
            f"sqlite:///{self._directory.name}/tracking.db", "dbfs:/databricks/mlflow-tracking"
        )
        with self.store.engine.connect() as connection:
            found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            self._tables = sorted({name for (name,) in found} - _KEPT)
        self._client = app.test_client()
        self._uuid = _Uuid(self.borrowed)
        self._patches = [
            patch.object(handlers, "_tracking_store", self.store),
            patch.object(sqlalchemy_store, "get_current_time_millis", lambda: self.borrowed.millis),
            patch.object(sqlalchemy_store, "_generate_random_name", self.borrowed.name),
            patch.object(sqlalchemy_store, "uuid", self._uuid),
            # MLflow's own server cuts values that are too long, where the platform refuses them.
            patch.dict(os.environ, {"MLFLOW_TRUNCATE_LONG_VALUES": "false"}),
            patch.object(logging.getLogger("mlflow"), "disabled", True),
            patch.object(logging.getLogger("mlflow.server.handlers"), "disabled", True),
        ]
        for one in self._patches:
            one.start()

    def close(self) -> None:
        for one in self._patches:
            one.stop()
        self.store.engine.dispose()
        self._directory.cleanup()

    def clear(self) -> None:
        """Empty the store."""
        with self.store.engine.begin() as connection:
            connection.execute(text("PRAGMA foreign_keys = OFF"))
            for table in self._tables:
                connection.execute(text(f'DELETE FROM "{table}"'))

    def call(self, method: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the reply."""
        if method == "GET":
            response = self._client.get(f"{path}?{urlencode(fields, doseq=True)}")
        else:
            response = self._client.open(path, method=method, data=json.dumps(fields), content_type="application/json")
        return response.status_code, json.loads(response.data)


class _Uuid:
    """Stands where the store looks for the module `uuid`."""

    def __init__(self, borrowed: Borrowed) -> None:
        self.uuid4 = borrowed.uuid4
