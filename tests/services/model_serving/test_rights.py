"""What an endpoint's people must be allowed in Unity Catalog: to serve a model, to load it, to log to a table."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError, Rest
from serving_fixtures import MODEL

from fakebricks import Workspace

BOB = "bob@acme.test"
ENDPOINTS = "/api/2.0/serving-endpoints"
CONFIG = {"served_entities": [{"entity_name": MODEL, "entity_version": "1", "workload_size": "Small"}]}
TABLE = {"catalog_name": "logs", "schema_name": "default", "table_name_prefix": "fraud", "enabled": True}


@pytest.fixture
def bob(workspace: Workspace) -> Rest:
    """Calls of somebody who may use the catalog of the model, and no more."""
    admin = Rest(workspace)
    rest = Rest(workspace)
    rest.headers = {"authorization": f"Bearer {workspace.user(BOB).token}"}
    grant(admin, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    admin.post("/api/2.1/unity-catalog/catalogs", name="logs")
    return rest


def grant(rest: Rest, kind: str, name: str, *add: str, remove: tuple[str, ...] = ()) -> None:
    changes = [{"principal": BOB, "add": add, "remove": remove}]
    rest.patch(f"/api/2.1/unity-catalog/permissions/{kind}/{name}", changes=changes)


def refusal(ask: Any) -> tuple[int, str]:
    with pytest.raises(RefusedError) as error:
        ask()
    return error.value.status, error.value.message


def test_an_endpoint_takes_execute_on_its_model(rest: Rest, bob: Rest, register):
    register()
    no_execute = (403, f"User does not have EXECUTE on Routine or Model '{MODEL}'.")
    assert refusal(lambda: bob.post(ENDPOINTS, name="fraud", config=CONFIG)) == no_execute
    assert rest.get(ENDPOINTS) == {"endpoints": []}
    grant(rest, "function", MODEL, "EXECUTE")
    bob.post(ENDPOINTS, name="fraud", config=CONFIG)
    rest.workspace.clock.advance(minutes=10)
    assert bob.get(f"{ENDPOINTS}/fraud")["state"]["ready"] == "READY"
    grant(rest, "function", MODEL, remove=("EXECUTE",))
    assert refusal(lambda: bob.put(f"{ENDPOINTS}/fraud/config", **CONFIG)) == no_execute
    assert rest.get(f"{ENDPOINTS}/fraud")["state"]["config_update"] == "NOT_UPDATING"


def test_an_update_takes_execute_of_the_creator_too(rest: Rest, bob: Rest, register):
    register()
    grant(rest, "function", MODEL, "EXECUTE")
    bob.post(ENDPOINTS, name="fraud", config=CONFIG)
    rest.workspace.clock.advance(minutes=10)
    grant(rest, "function", MODEL, remove=("EXECUTE",))
    assert refusal(lambda: rest.put(f"{ENDPOINTS}/fraud/config", **CONFIG))[0] == 403


def test_a_deployment_whose_creator_lost_execute_fails_and_says_why(rest: Rest, bob: Rest, register):
    register()
    grant(rest, "function", MODEL, "EXECUTE")
    bob.post(ENDPOINTS, name="fraud", config=CONFIG)
    grant(rest, "function", MODEL, remove=("EXECUTE",))
    rest.workspace.clock.advance(minutes=10)
    endpoint = rest.get(f"{ENDPOINTS}/fraud")
    assert (endpoint["state"]["ready"], endpoint["state"]["config_update"]) == ("NOT_READY", "UPDATE_FAILED")
    [entity] = endpoint["pending_config"]["served_entities"]
    assert entity["state"]["deployment"] == "DEPLOYMENT_FAILED"
    assert f"User does not have EXECUTE on Routine or Model '{MODEL}'." in entity["state"]["deployment_state_message"]


def test_an_endpoint_that_is_deployed_goes_on_serving(rest: Rest, bob: Rest, register, query):
    register()
    grant(rest, "function", MODEL, "EXECUTE")
    bob.post(ENDPOINTS, name="fraud", config=CONFIG)
    rest.workspace.clock.advance(minutes=10)
    assert query([{"amount": 1.0}]).status == 200
    grant(rest, "function", MODEL, remove=("EXECUTE",))
    assert query([{"amount": 1.0}]).status == 200


@pytest.mark.parametrize("gateway", [True, False])
def test_an_inference_table_takes_create_table(rest: Rest, bob: Rest, register, gateway: bool):
    register()
    grant(rest, "function", MODEL, "EXECUTE")
    asked: dict[str, Any] = (
        {"config": CONFIG, "ai_gateway": {"inference_table_config": TABLE}}
        if gateway
        else {"config": {**CONFIG, "auto_capture_config": TABLE}}
    )
    for missing, add in [
        ("USE CATALOG on Catalog 'logs'", "USE_CATALOG"),
        ("USE SCHEMA on Schema 'logs.default'", "USE_SCHEMA"),
        ("CREATE TABLE on Schema 'logs.default'", "CREATE_TABLE"),
    ]:
        assert refusal(lambda: bob.post(ENDPOINTS, name="fraud", **asked)) == (403, f"User does not have {missing}.")
        grant(rest, "catalog", "logs", add)
    bob.post(ENDPOINTS, name="fraud", **asked)
    assert rest.get("/api/2.1/unity-catalog/tables/logs.default.fraud_payload")["owner"] == BOB


def test_rows_are_lost_from_when_the_creator_may_not_use_the_table(rest: Rest, bob: Rest, register, query):
    register()
    grant(rest, "function", MODEL, "EXECUTE")
    grant(rest, "catalog", "logs", "USE_CATALOG", "USE_SCHEMA", "CREATE_TABLE")
    bob.post(ENDPOINTS, name="fraud", config={**CONFIG, "auto_capture_config": TABLE})
    rest.workspace.clock.advance(minutes=10)
    query([{"amount": 1.0}])
    grant(rest, "catalog", "logs", remove=("USE_CATALOG",))
    query([{"amount": 2.0}])
    assert rest.workspace.calls[-1].notes == (
        f"{BOB} may not write to logs.default.fraud_payload any more; nothing is logged to it.",
    )
    captured = rest.get(f"{ENDPOINTS}/fraud")["config"]["auto_capture_config"]
    assert captured["state"]["payload_table"]["status"] == "FAILED"
    rest.workspace.clock.advance(minutes=10)
    assert rest.workspace.table("logs.default.fraud_payload").num_rows == 1


def test_a_model_of_the_workspace_registry_takes_can_read(rest: Rest, bob: Rest):
    rest.post("/api/2.0/mlflow/registered-models/create", name="legacy")
    config = {"served_entities": [{"entity_name": "legacy", "entity_version": "1"}]}
    status, message = refusal(lambda: bob.post(ENDPOINTS, name="fraud", config=config))
    assert status == 403
    assert "legacy" in message
    registered = rest.get("/api/2.0/mlflow/databricks/registered-models/get", name="legacy")
    url = f"/api/2.0/permissions/registered-models/{registered['registered_model_databricks']['id']}"
    rest.patch(url, access_control_list=[{"user_name": BOB, "permission_level": "CAN_READ"}])
    assert refusal(lambda: bob.post(ENDPOINTS, name="fraud", config=config))[0] == 404
