"""What clients make of an endpoint that is slow, full or stopped: their own timeouts and retries, on simulated time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import mlflow
import pytest
import requests
from clocks import standing_at
from conftest import Rest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, DeadlineExceeded
from mlflow.deployments import get_deploy_client
from serving_fixtures import JSON, MODEL, register_in

from fakebricks import Workspace

ROWS = [{"amount": 2.0}]
QUERY = "query_serving_endpoint"


@pytest.fixture
def serving() -> dict[str, float]:
    return {"deployment": 300}


@pytest.fixture
def body() -> str:
    """Of the model's `predict`."""
    return "return [1.0]"


@pytest.fixture
def workspace(entered, serving, body) -> Iterator[Workspace]:
    """With an endpoint `fraud` that is ready."""
    with entered(clock=standing_at(), serving=serving) as workspace:
        entity = {"entity_name": MODEL, "entity_version": register_in(workspace, body)}
        Rest(workspace).post("/api/2.0/serving-endpoints", name="fraud", config={"served_entities": [entity]})
        workspace.clock.advance(minutes=10)
        yield workspace


def fill(workspace: Workspace) -> None:
    """As many others ask as there are places, and have their answers in some seconds."""
    for _ in range(4):
        content = json.dumps({"dataframe_records": ROWS}).encode()
        assert Rest(workspace).call("POST", "/serving-endpoints/fraud/invocations", content, JSON).status == 200


def predict():
    return get_deploy_client("databricks").predict(endpoint="fraud", inputs={"dataframe_records": ROWS})


def statuses(workspace):
    return [call.status for call in workspace.calls.matching(QUERY)]


@pytest.mark.parametrize("serving", [{"model": 8}])
@pytest.mark.parametrize("client", ["sdk", "mlflow"])
def test_a_full_endpoint_is_asked_again_until_there_is_a_place(workspace, client):
    fill(workspace)
    began = workspace.clock.time()
    if client == "sdk":
        answer = WorkspaceClient().serving_endpoints.query("fraud", dataframe_records=ROWS).predictions
    else:
        answer = predict()["predictions"]
    assert answer == [1.0]
    assert Counter(statuses(workspace)) == {200: 5, 429: statuses(workspace).count(429)}
    assert statuses(workspace).count(429) >= 1
    assert 15 <= workspace.clock.time() - began <= 60


@pytest.mark.parametrize("serving", [{"model": 50, "request_timeout": 40}])
def test_a_timeout_of_the_platform_is_not_tried_again(workspace):
    began = workspace.clock.time()
    with pytest.raises(requests.HTTPError, match="504") as raised:
        predict()
    assert "Timed out while evaluating the model." in raised.value.response.json()["message"]
    with pytest.raises(DeadlineExceeded, match="Timed out while evaluating the model"):
        WorkspaceClient().serving_endpoints.query("fraud", dataframe_records=ROWS)
    assert statuses(workspace) == [504, 504]
    assert workspace.clock.time() - began == pytest.approx(80)


@pytest.mark.parametrize("entered", ["process"], indirect=True)  # who waits for a server waits for real
class TestInProcess:
    @pytest.mark.parametrize("serving", [{"model": 130}])
    def test_mlflows_deployments_client_gives_up_on_a_try_and_tries_again(self, workspace):
        began = workspace.clock.time()
        with pytest.raises(Exception, match="[Tt]imed out|[Tt]imeout"):
            predict()
        assert len(statuses(workspace)) > 1
        assert set(statuses(workspace)) == {200}  # the endpoint answered, to nobody
        seconds = 60 if mlflow.__version__.startswith("2.") else 120  # MLflow 2.22 leaves it to databricks-sdk
        assert seconds <= (workspace.clock.time() - began) / len(statuses(workspace)) <= seconds + 15

    @pytest.mark.parametrize("body", ["time.sleep(30)\n        return [1.0]"])
    def test_a_model_that_sleeps_takes_the_time_too(self, workspace):
        url = f"{workspace.host}/serving-endpoints/fraud/invocations"
        headers = {"authorization": f"Bearer {workspace.token}"}
        began = workspace.clock.time()
        with pytest.raises(requests.ReadTimeout):
            requests.post(url, json={"dataframe_records": ROWS}, headers=headers, timeout=20)
        assert requests.post(url, json={"dataframe_records": ROWS}, headers=headers, timeout=40).status_code == 200
        assert workspace.clock.time() - began == pytest.approx(30 + 30)


@pytest.mark.parametrize("serving", [{"model": 1}])
def test_stop_and_start_as_scripts_do_it(workspace):
    client = WorkspaceClient()
    path = "/api/2.0/serving-endpoints/fraud"
    client.api_client.do("POST", f"{path}/config:stop")
    assert client.api_client.do("GET", path)["state"]["suspend"] == "STOPPED"
    with pytest.raises(BadRequest, match="stopped"):
        client.serving_endpoints.query("fraud", dataframe_records=ROWS)
    client.api_client.do("POST", f"{path}/config:start")
    ready = client.serving_endpoints.wait_get_serving_endpoint_not_updating("fraud")
    assert (ready.state.ready.value, ready.config.config_version) == ("READY", 2)
    assert client.serving_endpoints.query("fraud", dataframe_records=ROWS).predictions == [1.0]


def test_the_sdk_exports_metrics(workspace):
    client = WorkspaceClient()
    client.serving_endpoints.query("fraud", dataframe_records=ROWS)
    exported = client.serving_endpoints.export_metrics("fraud")
    text = exported.contents.read().decode()
    assert 'request_count_total{endpoint_name="fraud",served_model_name="fraud-1"} 1' in text.splitlines()
