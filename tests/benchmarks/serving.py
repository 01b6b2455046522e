"""A query of a serving endpoint, in process, beside a bare `pyfunc.predict` of the same payload."""

from __future__ import annotations

from typing import Any

from fakebricks import Workspace, fake_workspace
from fakebricks.wire import Request
from tests.benchmarks.measure import Row, medians, show

ROUNDS = 60


def rows() -> None:
    """One row and a thousand."""
    import msgspec
    import requests

    with fake_workspace(catalogs=("prod",)) as workspace:
        frame, model = deployed(workspace)
        found = []
        for size in (1, 1000):
            part = frame.sample(size, replace=True, random_state=0)
            body = msgspec.json.encode({"dataframe_split": part.to_dict(orient="split", index=False)})
            headers = {"authorization": f"Bearer {workspace.token}", "content-type": "application/json"}
            request = Request.of("POST", "/serving-endpoints/bench/invocations", headers, body)
            url = f"{workspace.host}/serving-endpoints/bench/invocations"
            seconds = medians(
                {
                    "core": lambda request=request: workspace.handle(request),
                    "client": lambda url=url, body=body, headers=headers: requests.post(
                        url, data=body, headers=headers
                    ),
                    "bare": lambda part=part: model.predict(part),
                },
                rounds=ROUNDS,
            )
            bare = seconds["bare"] * 1e3
            found.append(Row(f"query of {size} rows, in the core", seconds["core"] * 1e3, bare, "ms"))
            found.append(Row(f"query of {size} rows, through requests", seconds["client"] * 1e3, bare, "ms"))
    show("A query beside a bare pyfunc.predict", found)


def deployed(workspace: Workspace) -> tuple[Any, Any]:
    """An endpoint called `bench`; its model's input and the same model loaded with pyfunc."""
    import mlflow
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)
    mlflow.set_experiment(f"/Users/{workspace.user_name}/bench")
    with mlflow.start_run() as run:
        signature = mlflow.models.infer_signature(data.data, estimator.predict(data.data))
        mlflow.sklearn.log_model(estimator, "model", signature=signature, pip_requirements=[])
    version = mlflow.register_model(f"runs:/{run.info.run_id}/model", "prod.default.bench")
    entity = ServedEntityInput(
        entity_name="prod.default.bench",
        entity_version=str(version.version),
        workload_size="Small",
        scale_to_zero_enabled=False,
    )
    config = EndpointCoreConfigInput(name="bench", served_entities=[entity])
    WorkspaceClient().serving_endpoints.create_and_wait("bench", config=config)
    return data.data, mlflow.pyfunc.load_model(f"models:/prod.default.bench/{version.version}")
