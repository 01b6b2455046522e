"""What policies are tried on: calls to a workspace, models and endpoints in it."""

from __future__ import annotations

import json
from typing import Any

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from serving_fixtures import register_in

from fakebricks import Workspace
from fakebricks.wire import Request

MODEL = "main.default.fraud"


def call(workspace: Workspace, method: str, path: str, **body: Any) -> Any:
    headers = {"authorization": f"Bearer {workspace.token}", "content-type": "application/json"}
    reply = workspace.handle(Request.of(method, path, headers, json.dumps(body).encode()))
    assert reply.status == 200, reply.body
    return reply.json()


def endpoint(workspace: Workspace, *, catalog: str = "main", name: str = "fraud", **more: Any) -> None:
    model = f"{catalog}.default.fraud"
    entity = {"entity_name": model, "workload_size": "Small", "scale_to_zero_enabled": more.pop("zero", False)}
    entity["entity_version"] = register_in(workspace, name=model)
    table = more.pop("table", None)
    if table:
        more["ai_gateway"] = {
            "inference_table_config": {"enabled": True, "catalog_name": table, "schema_name": "default"}
        }
    call(workspace, "POST", "/api/2.0/serving-endpoints", name=name, config={"served_entities": [entity]}, **more)


def logged(*, example: bool = True, requirements: tuple[str, ...] = ("mlflow==2.22.0",)) -> None:
    """A model of Unity Catalog, as a test logs it."""

    class Model(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [1.0] * len(model_input)

    name = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else {"name": "model"}
    mlflow.set_experiment("/Shared/fraud")
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            **name,
            python_model=Model(),
            registered_model_name=MODEL,
            signature=ModelSignature(Schema([ColSpec("double", "amount")]), Schema([ColSpec("double")])),
            input_example={"amount": 1.0} if example else None,
            pip_requirements=list(requirements),
        )


def register(workspace: Workspace, run_name: str, *sources: str) -> None:
    """A version of the model from a run that has logged data sets of such sources as its inputs."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("/Shared/fraud")
    experiment_id = experiment.experiment_id if experiment else client.create_experiment("/Shared/fraud")
    run = client.create_run(experiment_id, run_name=run_name).info.run_id
    for source in sources:
        dataset = {"name": "features", "digest": source, "source_type": source, "source": "{}"}
        call(workspace, "POST", "/api/2.0/mlflow/runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}])
    if not client.search_registered_models():
        call(workspace, "POST", "/api/2.0/mlflow/unity-catalog/registered-models/create", name=MODEL)
    version = {"name": MODEL, "source": "dbfs:/somewhere", "run_id": run}
    call(workspace, "POST", "/api/2.0/mlflow/unity-catalog/model-versions/create", **version)
