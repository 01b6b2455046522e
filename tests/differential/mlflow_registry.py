"""MLflow's own registry, asked as a workspace is asked: its server's handlers over its SqlAlchemyStore on SQLite.

One database serves all examples, emptied between them. The store's clock is that of the workspace beside it.
"""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from mlflow.server import app, handlers
from mlflow.store.model_registry import sqlalchemy_store
from sqlalchemy import text

_MEMORY = Path("/dev/shm")


class MlflowRegistry:
    """The registry of MLflow's server in this process."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)
        self.store = sqlalchemy_store.SqlAlchemyStore(f"sqlite:///{self._directory.name}/registry.db")
        self.millis = 0
        self._client = app.test_client()
        self._patches = [
            patch.object(handlers, "_model_registry_store", self.store),
            patch.object(sqlalchemy_store, "get_current_time_millis", lambda: self.millis),
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
            for table in ("model_version_tags", "registered_model_tags", "model_versions", "registered_models"):
                connection.execute(text(f"DELETE FROM {table}"))

    def call(self, method: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the reply."""
        if method == "GET":
            response = self._client.get(f"{path}?{urlencode(fields, doseq=True)}")
        else:
            response = self._client.open(path, method=method, data=json.dumps(fields), content_type="application/json")
        return response.status_code, json.loads(response.data)
