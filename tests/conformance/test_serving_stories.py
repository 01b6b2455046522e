"""How endpoints live, told as tests to copy: a cold start, a failed update, a canary, blue-green, a shadow."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import mlflow
import pandas as pd
import pytest
import requests
from clocks import standing_at
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import OperationFailed
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayInferenceTableConfig,
    EndpointCoreConfigInput,
    Route,
    ServedEntityInput,
    TrafficConfig,
)
from mlflow.deployments import get_deploy_client
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from fakebricks import Workspace

MODEL = "prod.default.fraud"
ROW = {"dataframe_records": [{"amount": 250.0}]}
SIGNATURE = ModelSignature(Schema([ColSpec("double", "amount")]), Schema([ColSpec("double")]))
TABLE = AiGatewayInferenceTableConfig(
    catalog_name="prod", schema_name="default", table_name_prefix="fraud", enabled=True
)


class Threshold(mlflow.pyfunc.PythonModel):
    """Flags what is above an amount."""

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[float]:
        return [float(value > self.amount) for value in model_input["amount"]]


class Picky(Threshold):
    """Has a bug: it does not know what to do with large amounts."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[float]:
        if model_input["amount"].max() > self.amount:
            message = "amount out of range"
            raise ValueError(message)
        return super().predict(context, model_input, params)


class Unloadable(Threshold):
    """Needs a library that is on the laptop and not in the requirements."""

    def load_context(self, context: Any) -> None:
        import only_on_the_laptop  # noqa: F401


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    timings = {"deployment": 480, "cold_start": 20}
    with entered(clock=standing_at(), catalogs=("prod",), serving=timings) as workspace:
        mlflow.set_experiment(f"/Users/{workspace.user_name}/fraud")
        yield workspace


def registered(model: mlflow.pyfunc.PythonModel) -> str:
    where = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else {"name": "model"}
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model(**where, python_model=model, signature=SIGNATURE, pip_requirements=[])
    return str(mlflow.register_model(f"runs:/{run.info.run_id}/model", MODEL).version)


def served(version: str, name: str, *, scale_to_zero: bool = False) -> ServedEntityInput:
    return ServedEntityInput(
        name=name,
        entity_name=MODEL,
        entity_version=version,
        workload_size="Small",
        scale_to_zero_enabled=scale_to_zero,
    )


def split(**percentages: int) -> TrafficConfig:
    routes = [Route(served_model_name=name, traffic_percentage=share) for name, share in percentages.items()]
    return TrafficConfig(routes=routes)


def create(client: WorkspaceClient, *entities: ServedEntityInput, **more: Any) -> None:
    client.serving_endpoints.create_and_wait(
        "fraud",
        config=EndpointCoreConfigInput(name="fraud", served_entities=list(entities), **more),
        ai_gateway=AiGatewayConfig(inference_table_config=TABLE),
    )


def score(client: WorkspaceClient, amount: float = 250.0) -> Any:
    return client.serving_endpoints.query("fraud", dataframe_records=[{"amount": amount}])


def score_directly(entity: str, amount: float = 250.0) -> list[float]:
    url = f"{os.environ['DATABRICKS_HOST']}/serving-endpoints/fraud/served-models/{entity}/invocations"
    headers = {"authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    body = {"dataframe_records": [{"amount": amount}]}
    predictions: list[float] = requests.post(url, json=body, headers=headers, timeout=60).json()["predictions"]
    return predictions


@pytest.mark.parametrize("entered", ["process"], indirect=True)  # who waits for a server waits for real
def test_a_cold_start_costs_an_impatient_client_its_first_requests(workspace):
    client = WorkspaceClient()
    create(client, served(registered(Threshold(100)), "champion", scale_to_zero=True))
    url = f"{workspace.host}/serving-endpoints/fraud/invocations"
    headers = {"authorization": f"Bearer {workspace.token}"}

    workspace.clock.advance(minutes=31)  # the night
    (entity,) = client.serving_endpoints.get("fraud").config.served_entities
    assert entity.state.deployment_state_message == "Scaled to zero"

    began, outcomes = workspace.clock.time(), []
    while not outcomes or outcomes[-1] != 200:
        try:
            outcomes.append(requests.post(url, json=ROW, headers=headers, timeout=6).status_code)
        except requests.ReadTimeout:
            outcomes.append("timed out")
            time.sleep(1)  # simulated, as the timeouts are
    assert outcomes == ["timed out", "timed out", 200]
    assert workspace.clock.time() - began == pytest.approx(20)

    # Who waits long enough sees no error; who pays for a warm minimum waits for nothing.
    workspace.clock.advance(hours=8)
    assert requests.post(url, json=ROW, headers=headers, timeout=60).elapsed.total_seconds() >= 0
    assert workspace.calls.matching("query_serving_endpoint")[-1].duration == pytest.approx(20)
    client.serving_endpoints.update_config_and_wait(
        "fraud", served_entities=[served(entity.entity_version, "champion")]
    )
    workspace.clock.advance(hours=8)
    assert requests.post(url, json=ROW, headers=headers, timeout=1).status_code == 200


def test_a_failed_update_keeps_the_old_version_serving_and_says_why(workspace, monkeypatch):
    client = WorkspaceClient()
    good = registered(Threshold(100))
    with monkeypatch.context() as laptop:
        laptop.setitem(sys.modules, "only_on_the_laptop", ModuleType("only_on_the_laptop"))
        bad = registered(Unloadable(100))
    create(client, served(good, "champion"))
    with pytest.raises(OperationFailed, match="UPDATE_FAILED"):
        client.serving_endpoints.update_config_and_wait("fraud", served_entities=[served(bad, "challenger")])

    endpoint = client.serving_endpoints.get("fraud")
    assert (endpoint.state.ready.value, endpoint.config.config_version) == ("READY", 1)
    assert score(client).served_model_name == "champion"
    (failed,) = endpoint.pending_config.served_entities
    assert failed.state.deployment.value == "DEPLOYMENT_FAILED"
    assert "No module named 'only_on_the_laptop'" in failed.state.deployment_state_message
    assert "Traceback" in client.serving_endpoints.logs("fraud", "challenger").logs
    events = client.api_client.do("GET", "/api/2.0/serving-endpoints/fraud/events")["events"]
    assert events[0]["message"] == "Update to config version 2 failed."

    fixed = registered(Threshold(300))
    client.serving_endpoints.update_config_and_wait("fraud", served_entities=[served(fixed, "challenger")])
    assert score(client).predictions == [0.0]
    assert client.serving_endpoints.get("fraud").pending_config is None


def test_a_canary_that_fails_is_rolled_back(workspace):
    client = WorkspaceClient()
    champion, canary = registered(Threshold(100)), registered(Picky(200))
    create(client, served(champion, "champion"))
    client.serving_endpoints.update_config_and_wait(
        "fraud",
        served_entities=[served(champion, "champion"), served(canary, "canary")],
        traffic_config=split(champion=90, canary=10),
    )
    deployments = get_deploy_client("databricks")
    for number in range(100):
        try:
            deployments.predict(endpoint="fraud", inputs={"dataframe_records": [{"amount": number * 5.0}]})
        except requests.HTTPError as error:
            assert error.response.status_code == 400

    workspace.clock.advance(hours=1)
    calls = workspace.table("prod.default.fraud_payload").to_pandas()
    failed = (calls["status_code"] != 200).groupby(calls["served_entity_id"]).agg(["size", "mean"])
    (canaries, failing), (champions, at_first) = failed.sort_values("size").to_numpy()
    assert (canaries, champions) == (10, 90)
    assert failing > 0.2
    assert at_first == 0

    client.serving_endpoints.update_config_and_wait(
        "fraud", served_entities=[served(champion, "champion")], traffic_config=split(champion=100)
    )
    assert {score(client, 900.0).served_model_name for _ in range(20)} == {"champion"}


def test_blue_and_green(workspace):
    client = WorkspaceClient()
    blue, green = registered(Threshold(100)), registered(Threshold(300))
    both = [served(blue, "blue"), served(green, "green")]
    create(client, both[0])
    client.serving_endpoints.update_config_and_wait(
        "fraud", served_entities=both, traffic_config=split(blue=100, green=0)
    )

    # Green is deployed and gets no traffic; who knows its name can try it.
    assert score_directly("green") == [0.0]
    assert {score(client).served_model_name for _ in range(20)} == {"blue"}

    waiter = client.serving_endpoints.update_config(
        "fraud", served_entities=both, traffic_config=split(blue=0, green=100)
    )
    assert score(client).served_model_name == "blue"  # until the switch there is no gap
    waiter.result()
    assert {score(client).served_model_name for _ in range(20)} == {"green"}
    assert score_directly("blue") == [1.0]  # the way back is still warm


def test_a_shadow_sees_the_same_requests_and_answers_nobody(workspace):
    client = WorkspaceClient()
    live, shadow = registered(Threshold(100)), registered(Threshold(300))
    create(client, served(live, "live"), served(shadow, "shadow"), traffic_config=split(live=100, shadow=0))

    def answer(amount: float) -> tuple[float, bool]:
        """What the caller gets, and whether the shadow would have said the same."""
        found = score(client, amount)
        assert found.served_model_name == "live"
        return found.predictions[0], score_directly("shadow", amount) == found.predictions

    answers = {amount: answer(amount) for amount in (50.0, 150.0, 250.0, 350.0)}
    assert answers == {50.0: (0.0, True), 150.0: (1.0, False), 250.0: (1.0, False), 350.0: (1.0, True)}
    workspace.clock.advance(hours=1)
    assert len(workspace.table("prod.default.fraud_payload")) == 8
