"""The founding path through unmodified clients: log, register, deploy, query three ways, read the inference table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from clocks import standing_at
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, ResourceConflict, ResourceDoesNotExist
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayInferenceTableConfig,
    AutoCaptureConfigInput,
    DataframeSplitInput,
    EndpointCoreConfigInput,
    EndpointTag,
    Route,
    ServedEntityInput,
    TrafficConfig,
)
from mlflow.deployments import get_deploy_client
from sklearn.linear_model import LogisticRegression

from fakebricks import Workspace
from fakebricks.services.files.files import Files

MODEL = "prod.ml.fraud_score"
FRAME = pd.DataFrame({"amount": [1.0, 250.0, 3.5, 900.0], "age": [30, 41, 55, 19]})
PLACE = {"catalog_name": "prod", "schema_name": "ml"}


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered(clock=standing_at(), catalogs=("prod",)) as workspace:
        yield workspace


def registered(estimator: LogisticRegression) -> str:
    signature = mlflow.models.infer_signature(FRAME, estimator.predict(FRAME))
    where = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else {"name": "model"}
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(estimator, **where, signature=signature, pip_requirements=[])
    return str(mlflow.register_model(f"runs:/{run.info.run_id}/model", MODEL).version)


@pytest.fixture
def versions(workspace) -> list[str]:
    """Two versions of a model that answer differently."""
    client = WorkspaceClient()
    client.schemas.create("ml", "prod")
    mlflow.set_experiment(f"/Users/{workspace.user_name}/fraud")
    labels = [0, 1, 0, 1]
    return [
        registered(LogisticRegression().fit(FRAME, labels)),
        registered(LogisticRegression().fit(FRAME, [1 - label for label in labels])),
    ]


def entity(version: str, **more) -> ServedEntityInput:
    return ServedEntityInput(
        entity_name=MODEL, entity_version=version, workload_size="Small", scale_to_zero_enabled=True, **more
    )


def config(*entities: ServedEntityInput, **more) -> EndpointCoreConfigInput:
    return EndpointCoreConfigInput(name="fraud", served_entities=list(entities), **more)


def post(body: dict, headers: dict[str, str] | None = None) -> requests.Response:
    url = f"{os.environ['DATABRICKS_HOST']}/serving-endpoints/fraud/invocations"
    token = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    return requests.post(url, json=body, headers={**token, **(headers or {})}, timeout=60)


def test_the_founding_path(workspace, versions):
    client = WorkspaceClient()
    started = workspace.clock.time()
    capture = AutoCaptureConfigInput(**PLACE, enabled=True, table_name_prefix="legacy")
    gateway = AiGatewayConfig(
        inference_table_config=AiGatewayInferenceTableConfig(**PLACE, enabled=True, table_name_prefix="fraud")
    )
    endpoint = client.serving_endpoints.create_and_wait(
        "fraud", config=config(entity(versions[0]), auto_capture_config=capture), ai_gateway=gateway
    )
    assert endpoint.state.ready.value == "READY"
    assert endpoint.state.config_update.value == "NOT_UPDATING"
    assert endpoint.config.auto_capture_config.state.payload_table.name == "legacy_payload"
    assert 300 <= workspace.clock.time() - started <= 660
    polls = workspace.calls.matching("get_serving_endpoint")
    assert len(polls) > 5
    assert json.loads(polls[0].reply_body)["state"]["ready"] == "NOT_READY"

    expected = mlflow.pyfunc.load_model(f"models:/{MODEL}/{versions[0]}").predict(FRAME).tolist()
    split = json.loads(FRAME.to_json(orient="split", index=False))
    by_sdk = client.serving_endpoints.query("fraud", dataframe_records=FRAME.to_dict(orient="records"))
    assert by_sdk.predictions == expected
    assert by_sdk.served_model_name == "fraud_score-1"
    split_by_sdk = client.serving_endpoints.query(
        "fraud", dataframe_split=DataframeSplitInput(columns=split["columns"], data=split["data"])
    )
    assert split_by_sdk.predictions == expected
    by_mlflow = get_deploy_client("databricks").predict(endpoint="fraud", inputs={"dataframe_split": split})
    assert by_mlflow["predictions"] == expected
    by_http = post({"dataframe_split": split, "client_request_id": "mine"})
    assert by_http.json()["predictions"] == expected

    refused = post({"dataframe_records": [{"age": 3}]})
    assert refused.status_code == 400
    assert "Model is missing inputs ['amount']" in refused.json()["message"]
    with pytest.raises(BadRequest, match="Model is missing inputs"):
        client.serving_endpoints.query("fraud", dataframe_records=[{"age": 3}])

    workspace.clock.advance(hours=1)
    for name in ("prod.ml.fraud_payload", "prod.ml.legacy_payload"):
        table = workspace.table(name).to_pandas()
        assert table["status_code"].tolist() == [200, 200, 200, 200, 400, 400]
        assert table["client_request_id"].tolist().count("mine") == 1
        assert [json.loads(text)["predictions"] for text in table["response"][:4]] == [expected] * 4
    info = client.tables.get("prod.ml.fraud_payload")
    assert [column.name for column in info.columns][:2] == ["databricks_request_id", "request_date"]


def test_an_update_and_its_traffic_split(workspace, versions):
    client = WorkspaceClient()
    client.serving_endpoints.create_and_wait("fraud", config=config(entity(versions[0])))
    waiter = client.serving_endpoints.update_config(
        "fraud",
        served_entities=[entity(version) for version in versions],
        traffic_config=TrafficConfig(
            routes=[
                Route(served_model_name="fraud_score-1", traffic_percentage=75),
                Route(served_model_name="fraud_score-2", traffic_percentage=25),
            ]
        ),
    )
    with pytest.raises(ResourceConflict, match="Endpoint served entities are currently being updated"):
        client.serving_endpoints.update_config("fraud", served_entities=[entity(versions[1])])
    assert waiter.result().config.config_version == 2
    names = [
        client.serving_endpoints.query("fraud", dataframe_records=FRAME.to_dict(orient="records")).served_model_name
        for _ in range(20)
    ]
    assert 3 <= names.count("fraud_score-2") <= 7


def test_a_model_that_does_not_load(workspace, versions):
    from databricks.sdk.errors import OperationFailed

    for path in [f"/Models/prod/ml/fraud_score/{versions[1]}/{name}" for name in ("model.pkl", "model.skops")]:
        if workspace._services[Files].find(path):
            workspace._services[Files].put(path, b"no model")
    client = WorkspaceClient()
    with pytest.raises(OperationFailed, match="UPDATE_FAILED"):
        client.serving_endpoints.create_and_wait("fraud", config=config(entity(versions[1])))
    failed = client.serving_endpoints.get("fraud")
    state = failed.pending_config.served_entities[0].state
    assert state.deployment.value == "DEPLOYMENT_FAILED"
    assert "loading the model" in state.deployment_state_message
    assert failed.state.ready.value == "NOT_READY"
    assert client.serving_endpoints.logs("fraud", "fraud_score-2").logs


@pytest.mark.parametrize("entered", ["process"], indirect=True)  # a server answers at once, and says how long it took
def test_a_cold_start_is_longer_than_an_impatient_client_waits(workspace, versions):
    client = WorkspaceClient()
    client.serving_endpoints.create_and_wait("fraud", config=config(entity(versions[0])))
    workspace.clock.advance(minutes=31)
    state = client.serving_endpoints.get("fraud").config.served_entities[0].state
    assert state.deployment_state_message == "Scaled to zero"
    url = f"{workspace.host}/serving-endpoints/fraud/invocations"
    headers = {"Authorization": f"Bearer {workspace.token}"}
    body = {"dataframe_records": FRAME.to_dict(orient="records")}
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(url, json=body, headers=headers, timeout=5)
    before = workspace.clock.time()
    assert requests.post(url, json=body, headers=headers, timeout=60).status_code == 200
    assert 4 <= workspace.clock.time() - before <= 26
    before = workspace.clock.time()
    assert requests.post(url, json=body, headers=headers, timeout=60).status_code == 200
    assert workspace.clock.time() == before


def test_the_rest_of_the_clients_surface(workspace, versions):
    client = WorkspaceClient()
    with pytest.raises(ResourceDoesNotExist, match="Endpoint with name 'fraud' does not exist"):
        client.serving_endpoints.get("fraud")
    with pytest.raises(ResourceDoesNotExist):
        client.serving_endpoints.create("fraud", config=config(entity("99")))
    client.serving_endpoints.create_and_wait("fraud", config=config(entity(versions[0])))
    try:
        client.serving_endpoints.patch("fraud", add_tags=[EndpointTag(key="team", value="risk")])
    except AttributeError:
        # databricks-sdk 0.40 takes the reply for a list; it asked rightly, and the platform's reply is an object.
        assert WorkspaceClient().serving_endpoints.get("fraud").tags
    (listed,) = client.serving_endpoints.list()
    assert (listed.name, listed.tags[0].value) == ("fraud", "risk")
    assert listed.config.served_entities[0].entity_name == MODEL
    table = AiGatewayInferenceTableConfig(**PLACE, enabled=True)
    put = client.serving_endpoints.put_ai_gateway("fraud", inference_table_config=table)
    assert put.inference_table_config.table_name_prefix == "fraud"
    assert client.serving_endpoints.build_logs("fraud", "fraud_score-1").logs
    client.serving_endpoints.delete("fraud")
    assert list(client.serving_endpoints.list()) == []


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mlflows_deployments_client(workspace, versions):
    client = get_deploy_client("databricks")
    served = {
        "entity_name": MODEL,
        "entity_version": versions[0],
        "workload_size": "Small",
        "scale_to_zero_enabled": True,
    }
    if mlflow.__version__.startswith("2."):
        made = client.create_endpoint(name="fraud", config={"served_entities": [served]})
    else:
        made = client.create_endpoint(config={"name": "fraud", "config": {"served_entities": [served]}})
    assert made["state"]["config_update"] == "IN_PROGRESS"
    workspace.clock.advance(minutes=10)
    assert client.get_endpoint("fraud")["state"]["ready"] == "READY"
    assert [endpoint["name"] for endpoint in client.list_endpoints()] == ["fraud"]
    routes = [{"served_model_name": "fraud_score-1", "traffic_percentage": "100"}]
    updated = client.update_endpoint_config(
        "fraud", config={"served_entities": [served], "traffic_config": {"routes": routes}}
    )
    assert updated["pending_config"]["config_version"] == 2
    assert client.update_endpoint_tags("fraud", {"add_tags": [{"key": "a", "value": "b"}]}) == {
        "tags": [{"key": "a", "value": "b"}]
    }
    gateway = client.update_endpoint_ai_gateway("fraud", {"inference_table_config": {**PLACE, "enabled": True}})
    assert gateway["inference_table_config"]["table_name_prefix"] == "fraud"
    client.delete_endpoint("fraud")
    assert client.list_endpoints() == []


def test_predictions_are_pyfuncs_own(workspace, versions):
    client = WorkspaceClient()
    client.serving_endpoints.create_and_wait("fraud", config=config(entity(versions[0])))
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{versions[0]}")
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"amount": random.uniform(0, 1000, 50), "age": random.integers(18, 90, 50)})
    answer = client.serving_endpoints.query("fraud", dataframe_records=frame.to_dict(orient="records"))
    assert answer.predictions == model.predict(frame).tolist()
