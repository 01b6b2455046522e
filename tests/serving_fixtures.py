"""Registered models for tests of Model Serving: small, quickly saved, put into the registry without a client."""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry

JSON = {"content-type": "application/json"}
MODEL = "main.default.fraud"

_CODE = """
import time
import sys
import mlflow
{top}

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        {body}

mlflow.models.set_model(Model())
"""

DOUBLE = "return (model_input['amount'] * 2).tolist()"


@cache
def saved(body: str, top: str = "") -> Path:
    """The files of a model with one input column, `amount`, whose `predict` has that body."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    root = Path(mkdtemp(prefix="fakebricks-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "code.py").write_text(_CODE.format(body=body, top=""))
    signature = ModelSignature(
        Schema([ColSpec("double", "amount")]),
        Schema([ColSpec("double")]),
        ParamSchema([ParamSpec("factor", "double", 2.0)]),
    )
    mlflow.pyfunc.save_model(
        root / "model", python_model=str(root / "code.py"), signature=signature, pip_requirements=[]
    )
    code = root / "model" / "code.py"
    code.write_text(_CODE.format(body=body, top=top))
    return root / "model"


def register_in(workspace: Any, body: str = DOUBLE, *, top: str = "", name: str = MODEL, ready: bool = True) -> str:
    """Register the next version of a model whose `predict` has that body; its number."""
    return register_files_in(workspace, saved(body, top), name=name, ready=ready)


def register_files_in(workspace: Any, root: Path, *, name: str = MODEL, ready: bool = True) -> str:
    """Register the next version of a model that has been saved there; its number."""
    registry, files = workspace._services[ModelRegistry], workspace._services[Files]
    if name not in {one.name for one in registry.models()}:
        registry.create_model(name, "jane@acme.test")
    version = registry.create_version(name, "jane@acme.test", source="dbfs:/somewhere")
    directory = registry.files_directory(version)
    for path in root.rglob("*"):
        if path.is_file():
            files.put(f"{directory}/{path.relative_to(root).as_posix()}", path.read_bytes())
    if ready:
        registry.finalize_version(name, version.version)
    return version.version


@pytest.fixture
def register(workspace) -> Callable[..., str]:
    """`register_in` the test's workspace."""
    return partial(register_in, workspace)


@pytest.fixture
def deploy(rest, workspace, register) -> Callable[..., Any]:
    """Create an endpoint for a model version and let ten minutes pass; the endpoint."""

    def deploy(name: str = "fraud", version: str | None = None, *, minutes: float = 10, **more: Any) -> Any:
        entity = {"entity_name": MODEL, "entity_version": version or register(), **more.pop("entity", {})}
        config = {"served_entities": [entity], **more.pop("config", {})}
        rest.post("/api/2.0/serving-endpoints", name=name, config=config, **more)
        workspace.clock.advance(minutes=minutes)
        return rest.get(f"/api/2.0/serving-endpoints/{name}")

    return deploy


@pytest.fixture
def query(rest) -> Callable[..., Any]:
    """Send records to an endpoint; its reply."""

    def query(records: Any, endpoint: str = "fraud", **more: Any) -> Any:
        body = json.dumps({"dataframe_records": records, **more}).encode()
        return rest.call("POST", f"/serving-endpoints/{endpoint}/invocations", body, JSON)

    return query
