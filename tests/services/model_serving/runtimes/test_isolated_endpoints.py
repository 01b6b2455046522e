"""Endpoints whose models are in environments and containers of their own, through the SDK, over both ways in."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import mlflow
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest
from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput
from docker_fixtures import eventually
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from serving_fixtures import MODEL, register_files_in

PANDAS = "2.2.2"
IMAGE = {"pandas": PANDAS}

_CODE = """
import os
import mlflow
import pandas

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        (asked,) = model_input["asked"]
        print("asked for", asked)
        if asked == "exit":
            os._exit(3)
        return [{"pandas": pandas.__version__, "pid": os.getpid(), "level": os.environ["LEVEL"]}[asked]]

mlflow.models.set_model(Model())
"""


@cache
def saved() -> Path:
    """A model that tells about its process; it requires as little as can be."""
    root = Path(mkdtemp(prefix="fakebricks-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "code.py").write_text(_CODE)
    signature = ModelSignature(Schema([ColSpec("string", "asked")]), Schema([ColSpec("string")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEVEL", "")
        mlflow.pyfunc.save_model(
            root / "model",
            python_model=str(root / "code.py"),
            signature=signature,
            pip_requirements=[f"mlflow-skinny=={version('mlflow')}", "pandas", "flask"],
        )
    return root / "model"


@pytest.fixture(params=["virtualenv", "docker"])
def runtime(request) -> str:
    return request.param


@pytest.fixture
def containers(request, runtime) -> Callable[[], list[Any]]:
    """The containers that there are, when it is called."""
    return request.getfixturevalue("docker_containers") if runtime == "docker" else list


def config(number: str) -> EndpointCoreConfigInput:
    entity = ServedEntityInput(
        name="champion",
        entity_name=MODEL,
        entity_version=number,
        workload_size="Small",
        scale_to_zero_enabled=True,
        environment_vars={"LEVEL": "3"},
    )
    return EndpointCoreConfigInput(name="fraud", served_entities=[entity])


def ask(asked: str):
    (answer,) = WorkspaceClient().serving_endpoints.query("fraud", dataframe_records=[{"asked": asked}]).predictions
    return answer


def test_an_endpoint_in_an_environment_of_its_own(entered, runtime, containers):
    with entered(runtime=runtime, runtime_image=IMAGE) as workspace:
        endpoints = WorkspaceClient().serving_endpoints
        before = workspace.clock.time()
        endpoints.create_and_wait("fraud", config=config(register_files_in(workspace, saved())))
        assert workspace.clock.time() - before < 700
        assert ask("pandas") == PANDAS != pd.__version__
        assert ask("level") == "3"
        pid = ask("pid")
        assert pid != os.getpid()

        with pytest.raises(BadRequest, match="unexpected error while evaluating the model.*has exited with status 3"):
            ask("exit")
        assert ask("pandas") == PANDAS  # another process has taken its place

        built = endpoints.build_logs("fraud", "champion").logs
        assert f"pandas=={PANDAS}" in built
        assert built.endswith("Container image creation finished successfully")
        assert eventually(lambda: "asked for pandas" in endpoints.logs("fraud", "champion").logs)

        workspace.serving_runtime("fraud", runtime=runtime, runtime_image={"pandas": "0.0.1"})
        endpoints.update_config("fraud", served_entities=config("1").served_entities)
        failed = endpoints.wait_get_serving_endpoint_not_updating
        with pytest.raises(Exception, match="UPDATE_FAILED"):
            failed("fraud")
        endpoint = endpoints.get("fraud")
        (entity,) = endpoint.pending_config.served_entities
        assert entity.state.deployment.value == "DEPLOYMENT_FAILED"
        message = entity.state.deployment_state_message
        assert message.startswith("Container image creation aborted - ")
        assert "there is no version of pandas==0.0.1" in message
        assert ask("pandas") == PANDAS  # what was served before still is

        assert len(containers()) == (runtime == "docker")
        endpoints.delete("fraud")
        assert containers() == []
