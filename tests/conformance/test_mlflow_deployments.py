"""MLflow's own client of Databricks endpoints, from the first call to the last, with what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException
from requests import HTTPError
from serving_fixtures import MODEL, register_in

from fakebricks import Workspace

ROW = {"dataframe_records": [{"amount": 2.0}]}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        yield workspace


def test_an_endpoints_life(workspace):
    client = get_deploy_client("databricks")
    served = {"entity_name": MODEL, "entity_version": register_in(workspace), "workload_size": "Small"}
    made = client.create_endpoint(name="fraud", config={"served_entities": [served], "tags": [{"key": "team"}]})
    assert (made["state"]["ready"], made["tags"]) == ("NOT_READY", [{"key": "team"}])
    with pytest.raises(HTTPError, match="is not ready"):
        client.predict(endpoint="fraud", inputs=ROW)
    with pytest.raises(HTTPError, match="already exists"):
        client.create_endpoint(name="fraud", config={"served_entities": [served]})
    workspace.clock.advance(minutes=10)
    assert client.get_endpoint("fraud").state.ready == "READY"
    assert client.predict(endpoint="fraud", inputs=ROW).predictions == [4.0]
    with pytest.raises(HTTPError, match=r"Model is missing inputs \['amount'\]"):
        client.predict(endpoint="fraud", inputs={"dataframe_records": [{"x": 1}]})

    served["entity_version"] = register_in(workspace, "return [0.0] * len(model_input)")
    updated = client.update_endpoint(endpoint="fraud", config={"served_entities": [served]})
    assert updated["pending_config"]["config_version"] == 2
    with pytest.raises(HTTPError, match="currently being updated"):
        client.update_endpoint_config(endpoint="fraud", config={"served_entities": [served]})
    assert client.predict(endpoint="fraud", inputs=ROW).predictions == [4.0]
    workspace.clock.advance(minutes=10)
    assert client.predict(endpoint="fraud", inputs=ROW).predictions == [0.0]

    tags = client.update_endpoint_tags(endpoint="fraud", config={"delete_tags": ["team"], "add_tags": [{"key": "a"}]})
    assert tags == {"tags": [{"key": "a"}]}
    table = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    put = client.update_endpoint_ai_gateway(endpoint="fraud", config={"inference_table_config": table})
    assert put["inference_table_config"]["table_name_prefix"] == "fraud"
    assert [one["name"] for one in client.list_endpoints()] == ["fraud"]
    assert client.delete_endpoint(endpoint="fraud") == {}
    assert client.list_endpoints() == []
    for gone in (client.get_endpoint, client.delete_endpoint):
        with pytest.raises(HTTPError, match="Endpoint with name 'fraud' does not exist"):
            gone(endpoint="fraud")


def test_what_the_client_does_not_stream(workspace):
    """A model that cannot stream is an error of the call, before there is anything to iterate over."""
    client = get_deploy_client("databricks")
    served = {"entity_name": MODEL, "entity_version": register_in(workspace)}
    client.create_endpoint(name="fraud", config={"served_entities": [served]})
    workspace.clock.advance(minutes=10)
    with pytest.raises((HTTPError, MlflowException), match="does not support predict_stream"):
        list(client.predict_stream(endpoint="fraud", inputs=ROW))
